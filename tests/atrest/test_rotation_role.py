"""The role that ``install --rbac at-rest`` renders is enough, and nothing of it is too much: on a real API server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.atrest.live import Tool
from tests.kube.front import kubeconfig
from tests.support.controlplane.access import Client, eventually
from tests.support.controlplane.apiserver import Options
from tests.support.controlplane.fixtures import StartCluster, StartKms
from tests.support.controlplane.kms import encryption_configuration
from tests.support.controlplane.server import Cluster

from strongroom.atrest.rotation_role import objects
from strongroom.errors import UsageError
from strongroom.model.at_rest import AtRest
from strongroom.survey.at_rest.status import Request
from strongroom.survey.at_rest.verify import verify

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_NAME = "strongroom-at-rest"
_RESOURCES = ("secrets", "configmaps")


def rendered(*options: str) -> str:
    """Return what ``strongroom install`` prints."""
    call = [sys.executable, "-m", "strongroom", "install", "--rbac", "at-rest", *options]
    return subprocess.run(call, capture_output=True, text=True, check=True).stdout


def account(cluster: Cluster, kubectl: Path, folder: Path, *options: str) -> Path:
    """Apply what is rendered; return a kubeconfig of the account that it makes."""
    access = cluster.access
    subprocess.run(
        [kubectl, "--kubeconfig", access.kubeconfig(), "apply", "--server-side", "-f", "-"],
        input=rendered(*options).encode(),
        check=True,
        capture_output=True,
    )
    path = f"/api/v1/namespaces/strongroom/serviceaccounts/{_NAME}/token"
    token = access.client().create(path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})
    entry = yaml.safe_load(access.kubeconfig().read_text())["clusters"][0]["cluster"]
    return kubeconfig(folder, user={"token": token["status"]["token"]}, url=entry.pop("server"), **entry)


def without(admin: Client, path: str, role: dict[str, Any], index: int) -> None:
    """Take one rule out of a role."""
    head = {name: role[name] for name in ("apiVersion", "kind")}
    rules = [*role["rules"][:index], *role["rules"][index + 1 :]]
    admin.call("PUT", path, {**head, "metadata": {"name": _NAME}, "rules": rules})


def test_enough_and_not_too_much(
    start_cluster: StartCluster, start_kms: StartKms, program: Callable[[str], Path], tmp_path: Path
) -> None:
    """The account verifies and rewrites with nothing missing; without any one of its rules something is."""
    config = tmp_path / "encryption.json"
    encryption_configuration(config, start_kms("key-1").provider("vault"), resources=_RESOURCES)
    cluster = start_cluster(Options(encryption_config=config))
    admin = cluster.access.client()
    admin.create("/api/v1/namespaces", {"metadata": {"name": "strongroom"}})
    admin.create("/api/v1/namespaces/default/secrets", {"metadata": {"name": "db"}, "stringData": {"p": "canary"}})
    options = [f"--resource={resource}" for resource in _RESOURCES]
    person = account(cluster, program("kubectl"), tmp_path, *options)
    etcd = f"etcd:{cluster.etcd.url}"
    url = cluster.api_servers[0].access.url

    def seen() -> AtRest:
        return verify(Request((etcd,), str(config), (url,), kubeconfig=str(person), sample=2, environment={}))

    def missing() -> set[str]:
        report = seen()
        found = {problem.id for problem in report.problems if problem.id == "not-asked"}
        return found | {"leases" for note in report.notes if "Leases" in note}

    eventually(lambda: not missing(), "the role counts")
    listed = {one.resource for one in seen().proofs if one.how == f"listed by {url}"}
    assert listed == {*_RESOURCES}
    tool = Tool(tmp_path, person)
    arguments = ("at-rest", "rotate", "--to=current", f"--config={config}", f"--api-server={url}", f"--etcd={etcd}")
    done = tool.run(*arguments, "--yes")
    assert "canary" not in done

    path = f"{_RBAC}/clusterroles/{_NAME}"
    role = admin.get(path)
    urls, _ = role["rules"]
    for one in urls["nonResourceURLs"]:
        fewer = {**role, "rules": [{**urls, "nonResourceURLs": [one]}, *role["rules"][1:]], "metadata": {"name": _NAME}}
        admin.call("PUT", path, fewer)
        eventually(lambda: missing() == {"not-asked"}, f"only {one} is not enough")
    for index in range(2):
        without(admin, path, role, index)
        eventually(lambda: missing() == {"not-asked"}, f"rule {index} is needed")
    admin.call("PUT", path, {**role, "metadata": {"name": _NAME}})
    eventually(lambda: not missing(), "the role counts again")
    admin.delete(f"{_RBAC}/namespaces/kube-system/roles/{_NAME}")
    eventually(lambda: missing() == {"leases"}, "the Role is needed")


def test_read_only() -> None:
    """Without rewriting no object may be changed, and in no variant may one be made, replaced or deleted."""
    verbs = {
        read_only: {
            verb
            for body in objects("a", "b", ("secrets",), rewrite=not read_only)
            for rule in body.get("rules", ())
            for verb in rule["verbs"]
        }
        for read_only in (True, False)
    }
    assert verbs == {True: {"get", "list"}, False: {"get", "list", "patch"}}


@pytest.mark.parametrize("name", ["*.*", "*.", "*.example.com", "", "Secrets", "a b", "secrets\n"])
def test_no_wildcards(name: str) -> None:
    """A wildcard is refused: what RBAC makes of one reaches further than what is encrypted."""
    with pytest.raises(UsageError, match="is to be named"):
        list(objects("a", "b", ("secrets", name), rewrite=True))
