"""The whole way: objects in a real cluster, the command as a user types it, and what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.e2e import shop
from tests.kube.front import secret
from tests.sources.test_cluster import applied, deployment, runs
from tests.support.controlplane.access import Access, Client, eventually
from tests.support.controlplane.fixtures import StartCluster
from tests.test_canary import encoded

from strongroom.report.formats import FORMATS, INVENTORY_FORMATS

EXAMPLES = Path(__file__).parents[2] / "examples"
Said = Counter[tuple[str, str, str]]

OF_FILES = {
    "credential-file",
    "partly-encrypted-file",
    "plain-secret-manifest",
    "secret-in-helm-values",
    "secret-in-image-build",
    "secret-in-pipeline",
}
"""Checks whose subject is a file."""

OF_VALUES = {"certificate-expiring", "certificate-weak", "repeated-secret-value", "token-expired", "weak-secret-value"}
"""Checks that need values of Secrets."""

OF_TIME = {"secret-never-rotated", "secret-too-old"}
"""Checks that need a Secret to be old; those of this cluster were made just now."""

OF_THE_CLUSTER = {
    ("ConfigMap", "extension-apiserver-authentication"),
    ("ConfigMap", "kube-root-ca.crt"),
    ("Namespace", "default"),
}
"""What every cluster has: the authorities of the one for tests end soon, and nobody has looked after its namespace."""


class Command:
    """The program with a kubeconfig, run in a folder of its own."""

    def __init__(self, folder: Path, config: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "KUBECONFIG": str(config),
            "XDG_STATE_HOME": str(folder / "state"),
            "LC_ALL": "C.UTF-8",
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it; whatever comes of it."""
        call = [sys.executable, "-m", "strongroom", *arguments]
        return subprocess.run(
            call, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, encoding="utf-8"
        )

    def report(self, *arguments: str) -> dict[str, Any]:
        """Return the JSON report."""
        done = self.run(*arguments, "--format", "json", "--pedantic")
        assert done.returncode in (0, 1), done.stderr
        report = json.loads(done.stdout)
        assert isinstance(report, dict)
        return report


@pytest.fixture
def command(cluster: Access, tmp_path: Path) -> Command:
    """The program, for the shared cluster."""
    return Command(tmp_path, cluster.kubeconfig())


def said(report: dict[str, Any], *, live: bool) -> Said:
    """Return what was found: check, kind and name of the object; in a cluster only what is the user's own."""
    return Counter(
        (finding["id"], finding["resource"]["kind"], finding["resource"]["name"])
        for finding in report["findings"]
        if finding["resource"]
        and finding["id"] not in OF_FILES | OF_TIME
        and not (live and (finding["resource"]["kind"], finding["resource"]["name"]) in OF_THE_CLUSTER)
    )


def ids(report: dict[str, Any], namespace: str) -> set[str]:
    """Return the checks that found something in a namespace."""
    return {f["id"] for f in report["findings"] if f["resource"] and f["resource"]["namespace"] == namespace}


@pytest.fixture
def applied_shop(
    start_cluster: StartCluster, program: Callable[[str], Path], tmp_path: Path
) -> Callable[[str], Command]:
    """Apply an example to a cluster of its own; give the program for it."""

    def start(name: str) -> Command:
        access = start_cluster(controllers=True)
        found = list(shop.objects(EXAMPLES / name, program))
        assert shop.apply(access.access.client(), program("kubectl"), access.access.kubeconfig(), found) == []
        return Command(tmp_path, access.access.kubeconfig())

    return start


def test_the_planted_mistakes_are_found_in_the_cluster_too(applied_shop: Callable[[str], Command]) -> None:
    """The audit of the cluster says what that of the manifests says, as far as it can be seen there, and nothing else."""
    command = applied_shop("shop")
    manifests = said(command.report("audit", str(EXAMPLES / "shop")), live=False)
    without_values = Counter({key: count for key, count in manifests.items() if key[0] not in OF_VALUES})

    found = said(command.report("audit", "cluster"), live=True)
    assert set(found) == set(without_values)

    found = said(command.report("audit", "cluster", "--values"), live=True)
    values = {key for key in manifests if key[0] in OF_VALUES - {"repeated-secret-value"}}
    assert values <= set(found)


def test_the_repaired_shop_is_clean_in_the_cluster_too(applied_shop: Callable[[str], Command]) -> None:
    """The audit of a cluster with the platform done right finds nothing that its manifests would not show."""
    command = applied_shop("shop-fixed")
    manifests = said(command.report("audit", str(EXAMPLES / "shop-fixed")), live=False)

    assert said(command.report("audit", "cluster"), live=True) == manifests


CANARIES = {
    "secret": "Zq7-canary-Live-Secret-81xW",
    "binary": "Zq7-canary-Live-Token-52kL",
    "applied": "Zq7-canary-Live-Applied-93mP",
    "config": "Zq7-canary-Live-Config-17rT",
    "unnamed": "Zq7-canary-Live-Unrecognised-64vB",
    "env": "Zq7-canary-Live-Env-38nC",
    "annotation": "Zq7-canary-Live-Annotation-75hG",
}


def plant(client: Client, namespace: str) -> None:
    """Put a known value wherever a cluster can hold one."""
    c = CANARIES
    annotations = applied(namespace, "db", {"password": c["applied"]}) | {"example.org/token": c["annotation"]}
    secret(client, namespace, "db", {"password": c["secret"], "token": c["binary"]}, annotations=annotations)
    data = {"password": c["config"], "note": c["unnamed"], "app.properties": f"db.password={c['config']}\n"}
    client.create(f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "settings"}, "data": data})
    env = [{"name": "DB_PASSWORD", "value": c["env"]}]
    client.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", deployment("api", env=env))


@pytest.mark.parametrize("how", [[], ["--values"], ["--no-metadata"]], ids=["default", "values", "no-metadata"])
def test_nothing_readable_comes_out(command: Command, cluster: Access, namespace: str, how: list[str]) -> None:
    """Whatever is read of a cluster, no output in any format, no file and no message holds a planted value."""
    plant(cluster.client(), namespace)
    (command.folder / "out").mkdir()
    where = ["cluster", "-n", namespace, *how]
    texts: list[str] = []
    calls = [["audit", *where, "--pedantic", "-v", "--format", f.id] for f in FORMATS if f.id in ("text", "json")]
    calls += [["inventory", *where, "-v", "--format", f.id] for f in INVENTORY_FORMATS if f.id in ("text", "json")]
    calls += [["audit", *where, "--pedantic", "-q", *(f"--output=out/report{f.suffixes[0]}" for f in FORMATS)]]
    for call in calls:
        done = command.run(*call)
        assert done.returncode in (0, 1), done.stderr
        texts += [done.stdout, done.stderr]
    texts += [path.read_bytes().decode("utf-8", "replace") for path in command.folder.rglob("*") if path.is_file()]

    everything = "\n".join(texts)
    leaked = {name for name, value in CANARIES.items() if any(form in everything for form in encoded(value))}
    assert leaked == set()


def test_the_planted_values_are_really_seen(command: Command, cluster: Access, namespace: str) -> None:
    """The audit finds the planted values, so that silence above means something; with values it fingerprints Secrets."""
    plant(cluster.client(), namespace)

    report = command.report("audit", "cluster", "-n", namespace)
    assert {"secret-in-configmap", "secret-in-env-literal", "secret-in-metadata"} <= ids(report, namespace)
    copies = [f for f in report["findings"] if f["id"] == "secret-in-metadata" and "was not read" in f["message"]]
    assert [f["resource"]["name"] for f in copies] == ["db"]

    def fingerprints(*how: str) -> list[str | None]:
        done = command.run("inventory", "cluster", "-n", namespace, "--format", "json", *how)
        records = json.loads(done.stdout)["inventory"]
        return [key["fingerprint"] for record in records for one in record["defined"] for key in one["keys"]]

    assert fingerprints() == [None, None]
    assert all(fingerprints("--values"))


def test_reading_values_is_said_first(command: Command, namespace: str) -> None:
    """``--values`` says on standard error what it does; without it there is no such line."""
    assert "reading the values of Secrets" in command.run("audit", "cluster", "-n", namespace, "--values").stderr
    assert "reading the values" not in command.run("audit", "cluster", "-n", namespace).stderr


def test_live_secrets_are_no_plain_manifests(command: Command, cluster: Access, namespace: str) -> None:
    """A Secret in a cluster is where it belongs: that it holds a value is no finding."""
    plant(cluster.client(), namespace)

    assert "plain-secret-manifest" not in ids(
        command.report("audit", "cluster", "-n", namespace, "--values"), namespace
    )


def test_a_pod_with_an_older_version_of_a_secret(command: Command, cluster: Access, namespace: str) -> None:
    """A pod that was started before a Secret changed is found, with both times; one started later is not."""
    client = cluster.client()
    secret(client, namespace, "db", {"password": "hunter2"})
    variable = {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}
    client.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", deployment("api", env=[variable]))
    pods = f"/api/v1/namespaces/{namespace}/pods"
    eventually(lambda: bool(client.get(pods)["items"]), "the Deployment has a pod")
    pod = client.get(pods)["items"][0]["metadata"]["name"]

    def stale() -> list[dict[str, Any]]:
        report = command.report("audit", "cluster", "-n", namespace)
        return [finding for finding in report["findings"] if finding["id"] == "stale-pod-secret"]

    runs(client, namespace, pod, "2026-01-02T03:04:05Z")
    (found,) = stale()
    assert found["resource"] == {"group": "apps", "kind": "Deployment", "namespace": namespace, "name": "api"}
    assert "2026-01-02 03:04" in found["message"]
    assert "managedFields of" in found["message"]
    assert "hunter2" not in json.dumps(found)

    runs(client, namespace, pod, "2099-01-01T00:00:00Z")
    assert stale() == []


def test_manifests_and_cluster_compared(command: Command, cluster: Access, namespace: str) -> None:
    """Given both, what is only in Git, only live, or different is found; what agrees is not."""
    client = cluster.client()
    written = {
        "same": {"password": "Kq8vTz3mWxLp"},
        "only-in-git": {"password": "Yr5nBc7wQdHs"},
        "other-value": {"password": "Mv2xJk9fGtZa"},
        "other-key": {"password": "Pw4eRu6yNbVc"},
    }
    manifests = [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}, "stringData": values}
        for name, values in written.items()
    ]
    (command.folder / "manifests").mkdir()
    (command.folder / "manifests" / "secrets.yaml").write_text(yaml.safe_dump_all(manifests))
    secret(client, namespace, "same", written["same"])
    secret(client, namespace, "other-value", {"password": "Hs3dLq7zXcWm"})
    secret(client, namespace, "other-key", {**written["other-key"], "extra": "Tz9gBn5kVrJy"})
    secret(client, namespace, "only-live", {"password": "Fd6hMw2pKsQx"})

    def drift(*how: str) -> set[tuple[str, str]]:
        report = command.report("audit", "manifests", "cluster", "-n", namespace, *how)
        return {(f["id"], f["resource"]["name"]) for f in report["findings"] if f["id"].startswith("drift-")}

    expected = {
        ("drift-secret-not-live", "only-in-git"),
        ("drift-secret-not-in-repository", "only-live"),
        ("drift-secret-changed", "other-key"),
    }
    assert drift() == expected
    assert drift("--values") == expected | {("drift-secret-changed", "other-value")}


def test_the_same_value_under_two_names(command: Command, cluster: Access, namespace: str) -> None:
    """With values, one value in two live Secrets is found; the manifest of the same Secret is no second place."""
    client = cluster.client()
    value = {"password": "Kq8vTz3mWxLp"}
    secret(client, namespace, "one", value)
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "one", "namespace": namespace},
        "stringData": value,
    }
    (command.folder / "secret.yaml").write_text(yaml.safe_dump(body))
    call = ("audit", "secret.yaml", "cluster", "-n", namespace, "--values")

    assert "repeated-secret-value" not in {f["id"] for f in command.report(*call)["findings"]}
    secret(client, namespace, "two", value)
    assert "repeated-secret-value" in {f["id"] for f in command.report(*call)["findings"]}


def test_what_could_not_be_read_is_in_the_report(cluster: Access, namespace: str, tmp_path: Path) -> None:
    """A user without rights gets a report that names every missing permission, and with ``--strict`` exit code 2."""
    client = cluster.client()
    binding = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "viewer"}
    client.create(
        f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings",
        {"metadata": {"name": "viewer"}, "roleRef": binding, "subjects": [subject]},
    )
    command = Command(tmp_path, cluster.kubeconfig("viewer"))
    eventually(lambda: command.run("audit", "cluster", "-n", namespace).returncode == 0, "the binding counts")

    done = command.run("audit", "cluster", "-n", namespace, "-v")
    assert f"cannot list secrets in namespace {namespace}" in " ".join(done.stdout.split())
    assert command.run("audit", "cluster", "-n", namespace, "--strict").returncode == 2


def test_options_of_a_cluster_need_one(tmp_path: Path) -> None:
    """A namespace without a cluster among the sources would select nothing: it is refused."""
    done = Command(tmp_path, tmp_path / "config").run("audit", ".", "--namespace", "shop")

    assert done.returncode == 2
    assert "without a cluster" in done.stderr


@pytest.mark.parametrize(
    ("source", "says"),
    [("cluster:nowhere", "there is no context nowhere"), ("cluster", "names no current context")],
)
def test_errors_are_errors_of_the_command(tmp_path: Path, source: str, says: str) -> None:
    """What is wrong with a kubeconfig is one line and a hint, with exit code 2."""
    config = tmp_path / "config"
    config.write_text("apiVersion: v1\nkind: Config\ncontexts: []\n")

    done = Command(tmp_path, config).run("audit", source)

    assert done.returncode == 2
    assert says in done.stderr
    assert "hint:" in done.stderr
