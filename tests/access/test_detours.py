"""Rights in one namespace that lead to Secrets of others."""

from __future__ import annotations

from typing import Any

import pytest
from tests.access.reach import JEWEL, MALLORY, bound, given, rule
from tests.posture.given import facts_of

from strongroom.access.detours import READING, THROUGH, detours
from strongroom.access.edges import WAYS
from strongroom.access.graph import build
from strongroom.access.world import World
from strongroom.model.access import Node
from strongroom.model.reach import Detour, Through

Body = dict[str, Any]
_SYNC: Body = {"kind": "ServiceAccount", "name": "sync", "namespace": "shop"}
_RESTRICTED: Body = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "shop", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
}
_PROGRAM: Body = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "sync", "namespace": "shop"},
    "spec": {"template": {"spec": {"serviceAccountName": "sync", "containers": [{"name": "sync", "image": "sync:1"}]}}},
}
_READS = given("vault", rule("secrets", "get"), subject=_SYNC, name="sync")
_BASE = (JEWEL, _RESTRICTED, _PROGRAM, *_READS)


def found(*bodies: Body) -> list[Detour]:
    """Return the detours of some objects."""
    return detours(build(World(facts_of(*bodies))))


@pytest.mark.parametrize(
    ("right", "through"),
    [
        (rule("pods/exec", "create"), Through.PODS),
        (rule("deployments", "patch", group="apps"), Through.PODS),
        (rule("serviceaccounts/token", "create"), Through.IDENTITY),
        (rule("serviceaccounts", "impersonate", names=("sync",)), Through.IDENTITY),
    ],
    ids=["exec", "workloads", "tokens", "impersonation"],
)
def test_a_right_that_leads_out_of_its_namespace_is_found(right: Body, through: Through) -> None:
    """Who becomes an account that reads another namespace is told once, with where he comes to and how."""
    (one,) = found(*_BASE, *given("shop", right))

    assert (one.through, one.holders, one.given) == (through, (Node("User", "", "mallory"),), "shop")
    assert one.namespaces == ("vault",)
    assert one.steps[-1].endswith("secret/vault/jewel")
    assert [evidence.role for evidence in one.evidence[:2]] == ["binding", "role"]


def test_what_somebody_reads_anyway_is_no_detour() -> None:
    """A right to read the Secrets of the other namespace makes the detour to them needless, and so does everybody's."""
    exec_ = given("shop", rule("pods/exec", "create"))
    everybody = {"kind": "Group", "name": "system:authenticated", "apiGroup": "rbac.authorization.k8s.io"}

    assert found(*_BASE, *exec_)
    assert not found(*_BASE, *exec_, *given("vault", rule("secrets", "list"), name="own"))
    assert not found(*_BASE, *exec_, *given("vault", rule("secrets", "list"), subject=everybody, name="all"))


def test_rights_everywhere_and_secrets_of_the_same_namespace_are_left_to_the_checks_of_rules() -> None:
    """A ClusterRoleBinding, or a way to the Secrets of the namespace itself, is no detour between namespaces."""
    own: Body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "own", "namespace": "shop"}}

    assert not found(*_BASE, *given("", rule("pods/exec", "create")))
    assert not found(own, _RESTRICTED, *given("shop", rule("pods", "create")))


def test_many_holders_in_one_namespace_are_one() -> None:
    """Several bindings of a kind in one namespace are told as one, the others beside it."""
    other = {**MALLORY, "name": "eve"}
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "given"}

    (one,) = found(*_BASE, *given("shop", rule("pods/exec", "create")), bound("shop", ref, other, "more"))

    assert [holder.name for holder in one.holders] == ["mallory", "eve"]
    assert [evidence.resource.name for evidence in one.others if evidence.resource] == ["more"]


def test_a_token_that_may_be_read_leads_on() -> None:
    """Who reads the token of another account in one namespace reaches what that account reads in another."""
    token: Body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/service-account-token",
        "metadata": {
            "name": "sync-token",
            "namespace": "shop",
            "annotations": {"kubernetes.io/service-account.name": "sync"},
        },
    }

    (one,) = found(*_BASE, token, *given("shop", rule("secrets", "get", names=("sync-token",))))

    assert (one.through, one.way, one.namespaces) == (Through.IDENTITY, "secrets-get", ("vault",))


_DIRECT = {
    *READING,
    "system-masters",
    "every-right",
    "config-maps-get",
    "value-copy",
    # steps of programs, machines and Secrets, which no binding gives
    "runs-as",
    "consumes-secret",
    "consumes-config-map",
    "node-pods",
    "container-to-node",
    "service-account-token",
    "kubeconfig-secret",
    "vault-role",
    "git-repository",
    "cloud-identity",
}


def test_every_way_is_a_detour_of_one_kind_or_none() -> None:
    """A new way has to be put somewhere, and none is of two kinds."""
    listed = [way for ways in THROUGH.values() for way in ways]

    assert len(listed) == len(set(listed))
    assert {*listed, *_DIRECT} == {way.id for way in WAYS}
    assert _DIRECT.isdisjoint(listed)
