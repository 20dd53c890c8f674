"""The least role is enough for an audit, and nothing of it is too much: tried on a real API server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.kube.front import kubeconfig, secret
from tests.support.controlplane.access import Access, Client, eventually
from tests.support.controlplane.fixtures import StartCluster

from strongroom.sources.cluster_kinds import BUILT_IN, CUSTOM
from strongroom.sources.cluster_options import ClusterOptions
from strongroom.sources.cluster_role import Reach, rules
from strongroom.sources.collect import Options, collect
from strongroom.sources.reading import Reading

_ROLES = "/apis/rbac.authorization.k8s.io/v1/clusterroles"


def rendered(variant: str) -> str:
    """Return what ``strongroom install`` prints."""
    call = [sys.executable, "-m", "strongroom", "install", "--rbac", "audit", "--variant", variant]
    return subprocess.run(call, capture_output=True, text=True, check=True).stdout


def read(config: Path) -> Reading:
    """Read a whole cluster."""
    return collect(("cluster",), Options(cluster=ClusterOptions(str(config))))


def definitions() -> Iterator[dict[str, Any]]:
    """Yield a definition for each custom resource that is read."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    for group, resources in CUSTOM.items():
        for plural in resources:
            kind = plural.capitalize()
            names = {"plural": plural, "singular": plural.removesuffix("s"), "kind": kind, "listKind": f"{kind}List"}
            version = {"name": "v1", "served": True, "storage": True, "schema": schema}
            metadata: dict[str, Any] = {"name": f"{plural}.{group}"}
            if group.endswith(".k8s.io"):
                # The API server wants to be told that somebody meant it (KEP-1111).
                metadata["annotations"] = {"api-approved.kubernetes.io": "unapproved, for a test"}
            yield {
                "metadata": metadata,
                "spec": {"group": group, "names": names, "scope": "Namespaced", "versions": [version]},
            }


def account(access: Access, program: Callable[[str], Path], folder: Path, variant: str) -> Path:
    """Apply what is rendered; return a kubeconfig of the account that it makes."""
    admin = access.client()
    admin.create("/api/v1/namespaces", {"metadata": {"name": "strongroom"}})
    subprocess.run(
        [program("kubectl"), "--kubeconfig", access.kubeconfig(), "apply", "--server-side", "-f", "-"],
        input=rendered(variant).encode(),
        check=True,
        capture_output=True,
    )
    path = "/api/v1/namespaces/strongroom/serviceaccounts/strongroom-audit/token"
    token = admin.create(path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})
    entry = yaml.safe_load(access.kubeconfig().read_text())["clusters"][0]["cluster"]
    return kubeconfig(folder, user={"token": token["status"]["token"]}, url=entry.pop("server"), **entry)


def without(client: Client, role: dict[str, Any], group: str, resource: str) -> None:
    """Take one kind out of the role."""
    kept = [
        {**rule, "resources": [name for name in rule["resources"] if (rule["apiGroups"][0], name) != (group, resource)]}
        for rule in role["rules"]
    ]
    body = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "strongroom-audit"},
    }
    client.call("PUT", f"{_ROLES}/strongroom-audit", {**body, "rules": [rule for rule in kept if rule["resources"]]})


def wait_until_missing(config: Path, what: str) -> None:
    """Wait until the API server judges by the changed role, and exactly this is said to be missing."""
    eventually(lambda: [entry.detail for entry in read(config).skipped] == [what], f"only this is missing: {what}")


def test_the_role_is_enough_and_nothing_of_it_is_too_much(
    start_cluster: StartCluster, program: Callable[[str], Path], tmp_path: Path
) -> None:
    """With the rendered role everything is read; without any one kind of it, that kind and no other is missing."""
    access = start_cluster().access
    admin = access.client()
    for definition in definitions():
        admin.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
    config = account(access, program, tmp_path, "metadata")
    kinds = [(group, name) for table in (BUILT_IN, CUSTOM) for group, names in table.items() for name in names]
    eventually(lambda: f" in {len(kinds)} lists" in read(config).notes[0], "all custom resources are served")

    assert read(config).skipped == []

    role = admin.get(f"{_ROLES}/strongroom-audit")
    for group, name in kinds:
        without(admin, role, group, name)
        wait_until_missing(config, f"cannot list {name}.{group}" if group else f"cannot list {name}")


def test_without_secrets(start_cluster: StartCluster, program: Callable[[str], Path], tmp_path: Path) -> None:
    """With the variant that leaves Secrets out, they cannot be read, and that is the only thing that is missing."""
    access = start_cluster().access
    secret(access.client(), "default", "db", {"password": "hunter2"})
    config = account(access, program, tmp_path, "none")

    reading = read(config)

    assert [entry.detail for entry in reading.skipped] == ["cannot list secrets"]
    assert not [resource for resource in reading.resources if resource.kind == "Secret"]


@pytest.mark.parametrize("variant", [reach.value for reach in Reach])
def test_only_lists_are_allowed(variant: str) -> None:
    """No variant grants anything but ``list``, on kinds by name, without wildcards; and only one leaves Secrets out."""
    _, role, _ = list(yaml.safe_load_all(rendered(variant)))

    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"list"}
    assert "*" not in json.dumps(role["rules"])
    core = next(rule for rule in role["rules"] if rule["apiGroups"] == [""])
    assert ("secrets" in core["resources"]) is (variant != "none")
    assert role["rules"] == rules(Reach(variant))
