"""The roles that somebody may bind to himself."""

from __future__ import annotations

from tests.access.reach import MALLORY, RBAC, Body, bound, cluster_role, given, rule
from tests.posture.given import facts_of

from strongroom.access.rbac_facts import rbac_of
from strongroom.access.takeable import takeable

ROLE: Body = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": "reader"}, "rules": []}
BIND = rule("clusterroles", "bind", names=("reader", "missing"), group=RBAC)


def _taken(*bodies: Body, namespaces: tuple[str, ...] = ("shop", "vault")) -> set[tuple[str, str]]:
    return {(b.resource.namespace, b.role_name) for b in takeable(rbac_of(facts_of(*bodies)), namespaces)}


def test_nobody_may_bind() -> None:
    """Where only administrators may bind roles, none is to be taken: they hold everything already."""
    assert _taken(ROLE, bound("", cluster_role("cluster-admin"))) == set()


def test_where_a_role_may_be_bound() -> None:
    """A role is to be taken in the namespace of the right, or in each and in the cluster; one that is missing nowhere."""
    assert _taken(ROLE, *given("vault", BIND)) == {("vault", "reader")}
    assert _taken(ROLE, *given("", BIND)) == {("", "reader"), ("shop", "reader"), ("vault", "reader")}


def test_roles_of_a_namespace() -> None:
    """Without names, every Role of the namespace is to be taken, and none of another."""
    roles = [*given("vault", name="one"), *given("vault", name="two"), *given("shop", name="three")]

    assert _taken(*roles, *given("vault", rule("roles", "bind", group=RBAC))) == {
        ("vault", "given"),
        ("vault", "one"),
        ("vault", "two"),
    }


def test_bindings_that_may_be_changed() -> None:
    """The role of a binding is to be taken where somebody may bind roles and change bindings."""
    alice = bound("vault", cluster_role("reader"), {**MALLORY, "name": "alice"}, "readers")
    every, change = rule("clusterroles", "bind", group=RBAC), rule("rolebindings", "patch", group=RBAC)

    assert _taken(ROLE, alice, *given("vault", every)) == set()
    assert _taken(ROLE, alice, *given("vault", every, change)) == {("vault", "reader")}
    assert _taken(ROLE, alice, *given("shop", every, change)) == set()
