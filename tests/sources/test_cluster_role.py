"""The least role is enough for an audit, and nothing of it is too much: tried on a real API server."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.kube.front import kubeconfig, secret
from tests.sources.custom_resources import define
from tests.support.controlplane.access import Access, Client, eventually
from tests.support.controlplane.fixtures import StartCluster

from strongroom.errors import AnswerError
from strongroom.kube.client import Client as ApiClient
from strongroom.kube.connection import Asked, connect
from strongroom.kube.discovery import Discovery, discover
from strongroom.sources.cluster_kinds import BUILT_IN, CLUSTER_SCOPED, CUSTOM, OPEN, RECORDS
from strongroom.sources.cluster_options import ClusterOptions
from strongroom.sources.cluster_role import Reach, rules
from strongroom.sources.collect import Options, collect
from strongroom.sources.reading import Reading

_ROLE = "/apis/rbac.authorization.k8s.io/v1/clusterroles/strongroom-audit"


def rendered(variant: str, *namespaces: str) -> str:
    """Return what ``strongroom install`` prints."""
    call = [sys.executable, "-m", "strongroom", "install", "--rbac", "audit", "--variant", variant]
    for namespace in namespaces:
        call += ["--namespace", namespace]
    return subprocess.run(call, capture_output=True, text=True, check=True).stdout


def read(config: Path, *namespaces: str) -> Reading:
    """Read a whole cluster, or some namespaces of it."""
    return collect(("cluster",), Options(cluster=ClusterOptions(str(config), namespaces)))


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
            scope = "Cluster" if (group, plural) in CLUSTER_SCOPED else "Namespaced"
            yield {
                "metadata": metadata,
                "spec": {"group": group, "names": names, "scope": scope, "versions": [version]},
            }


def account(access: Access, program: Callable[[str], Path], folder: Path, variant: str, *namespaces: str) -> Path:
    """Apply what is rendered; return a kubeconfig of the account that it makes."""
    admin = access.client()
    for name in ("strongroom", *namespaces):
        admin.create("/api/v1/namespaces", {"metadata": {"name": name}})
    subprocess.run(
        [program("kubectl"), "--kubeconfig", access.kubeconfig(), "apply", "--server-side", "-f", "-"],
        input=rendered(variant, *namespaces).encode(),
        check=True,
        capture_output=True,
    )
    path = "/api/v1/namespaces/strongroom/serviceaccounts/strongroom-audit/token"
    token = admin.create(path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})
    entry = yaml.safe_load(access.kubeconfig().read_text())["clusters"][0]["cluster"]
    return kubeconfig(folder, user={"token": token["status"]["token"]}, url=entry.pop("server"), **entry)


def without(client: Client, path: str, role: dict[str, Any], group: str) -> None:
    """Take one rule out of a role: that of an API group."""
    kept = [rule for rule in role["rules"] if rule["apiGroups"] != [group]]
    assert len(kept) == len(role["rules"]) - 1
    head = {name: role[name] for name in ("apiVersion", "kind")}
    client.call("PUT", path, {**head, "metadata": {"name": "strongroom-audit"}, "rules": kept})


def missing(reading: Reading) -> list[str]:
    """Return what is said to be missing."""
    return sorted(entry.detail for entry in reading.skipped)


def names(*, namespaced: bool = False) -> dict[str, list[str]]:
    """Return the kinds of each API group that has some, as messages write them."""
    found = {
        group: [f"{name}.{group}" if group else name for name in names if not namespaced or _in_namespace(group, name)]
        for table in (BUILT_IN, CUSTOM)
        for group, names in table.items()
    }
    return {group: kinds for group, kinds in found.items() if kinds}


def _in_namespace(group: str, name: str) -> bool:
    return (group, name) not in CLUSTER_SCOPED


def test_the_role_is_enough_and_nothing_of_it_is_too_much(
    start_cluster: StartCluster, program: Callable[[str], Path], tmp_path: Path
) -> None:
    """With the rendered role everything is read; without any one rule of it, its kinds and no others are missing."""
    access = start_cluster().access
    admin = access.client()
    for definition in definitions():
        admin.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
    config = account(access, program, tmp_path, "metadata")
    kinds = names()
    count = sum(map(len, kinds.values()))
    eventually(lambda: f" in {count} lists" in read(config).notes[0], "all custom resources are served")

    assert read(config).skipped == []

    role = admin.get(_ROLE)
    for group, named in kinds.items():
        without(admin, _ROLE, role, group)
        expected = sorted(f"cannot list {name}" for name in named)
        eventually(lambda: missing(read(config)) == expected, f"only this is missing: {expected}")  # noqa: B023


def test_roles_in_namespaces(start_cluster: StartCluster, program: Callable[[str], Path], tmp_path: Path) -> None:
    """With Roles in two namespaces all of these is read; without a rule in one, its kinds are missing there alone."""
    access = start_cluster().access
    admin = access.client()
    for definition in definitions():
        admin.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
    config = account(access, program, tmp_path, "metadata", "shop", "web")
    kinds = names(namespaced=True)
    count = 2 * sum(map(len, kinds.values()))
    eventually(lambda: f" in {count} lists" in read(config, "shop", "web").notes[0], "all is served")
    secret(admin, "web", "db", {"password": "hunter2"})

    reading = read(config, "shop", "web")

    assert reading.skipped == []
    assert [r.name for r in reading.resources if r.kind == "Secret"] == ["db"]
    # What the head of the rendered text names is what is not read.
    said = [line.removeprefix("#   ") for line in rendered("metadata", "shop").splitlines() if line.startswith("#   ")]
    assert set(said) <= {name for name, namespace in reading.gaps if not namespace}
    assert "secrets" not in said
    with pytest.raises(AnswerError, match="permits to list nothing"):
        read(config, "default")

    path = _ROLE.replace("clusterroles", "namespaces/shop/roles")
    role = admin.get(path)
    for group in ("", "apps", "external-secrets.io"):
        without(admin, path, role, group)
        expected = sorted(f"cannot list {name} in namespace shop" for name in kinds[group])
        eventually(lambda: missing(read(config, "shop", "web")) == expected, f"missing: {expected}")  # noqa: B023


def test_scopes_are_those_of_the_api_server(cluster: Access) -> None:
    """Which built-in kinds are in no namespace is what the API server says."""

    async def ask() -> Discovery:
        async with ApiClient(connect(Asked(kubeconfig=str(cluster.kubeconfig())))) as client:
            return await discover(client)

    served = asyncio.run(ask()).served
    said = {key for key, one in served.items() if not one.namespaced and key[1] in BUILT_IN.get(key[0], ())}

    assert said == {key for key in CLUSTER_SCOPED if key[0] in BUILT_IN}


def test_a_kind_that_came_later(start_cluster: StartCluster, program: Callable[[str], Path], tmp_path: Path) -> None:
    """A new kind of a group of secret tools is read; the role does not know it yet, which is said; records are left out."""
    access = start_cluster().access
    admin = access.client()
    define(admin, "external-secrets.io", "vaultmirrors", "VaultMirror")
    define(admin, "cert-manager.io", "certificaterequests", "CertificateRequest")
    body = {"apiVersion": "external-secrets.io/v1", "kind": "VaultMirror", "metadata": {"name": "m"}, "spec": {"a": 1}}
    admin.create("/apis/external-secrets.io/v1/namespaces/default/vaultmirrors", body)
    body = {"apiVersion": "cert-manager.io/v1", "kind": "CertificateRequest", "metadata": {"name": "r"}}
    admin.create("/apis/cert-manager.io/v1/namespaces/default/certificaterequests", body)

    everything = {resource.kind: resource.body for resource in read(access.kubeconfig()).resources}

    assert everything["VaultMirror"]["spec"] == {"a": 1}
    assert "CertificateRequest" not in everything
    assert missing(read(account(access, program, tmp_path, "metadata"))) == [
        "cannot list vaultmirrors.external-secrets.io"
    ]


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


def test_the_tables_agree() -> None:
    """A group that is read wholly has kinds that are known by name, and none of them is a record."""
    assert set(CUSTOM) >= OPEN
    assert {group for group, _ in RECORDS} <= OPEN
    known = {(group, name) for table in (BUILT_IN, CUSTOM) for group, kinds in table.items() for name in kinds}
    assert not known & RECORDS
    assert known >= CLUSTER_SCOPED


@pytest.mark.parametrize("variant", [reach.value for reach in Reach])
def test_roles_grant_lists_in_their_namespaces(variant: str) -> None:
    """Each namespace has one Role and its binding; nothing of the whole cluster is granted, however often one is named."""
    objects = list(yaml.safe_load_all(rendered(variant, "shop", "web", "shop")))

    assert [(one["kind"], one["metadata"].get("namespace")) for one in objects] == [
        ("ServiceAccount", "strongroom"),
        ("Role", "shop"),
        ("RoleBinding", "shop"),
        ("Role", "web"),
        ("RoleBinding", "web"),
    ]
    assert {verb for rule in objects[1]["rules"] for verb in rule["verbs"]} == {"list"}
    core = next(rule for rule in objects[1]["rules"] if rule["apiGroups"] == [""])
    assert "namespaces" not in core["resources"]
    assert ("secrets" in core["resources"]) is (variant != "none")
