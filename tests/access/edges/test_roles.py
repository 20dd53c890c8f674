"""Ways by writing roles and bindings: what each needs, exactly."""

from __future__ import annotations

from tests.access.reach import JEWEL, MALLORY, OTHER, RBAC, Body, bound, cluster_role, given, reached, rule

from strongroom.model.access import Node

SECRET = "secret/vault/jewel"
ESCALATE = rule("roles", "escalate", "patch", group=RBAC)
READER: Body = {
    "apiVersion": f"{RBAC}/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "reader"},
    "rules": [rule("secrets", "get")],
}


def test_escalate_needs_a_role_of_his_own() -> None:
    """Through a ClusterRole, ``escalate`` on roles fills no Role of the namespace that he is bound to: there is none."""
    role = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": "up"}, "rules": [ESCALATE]}

    assert SECRET not in reached(JEWEL, role, bound("vault", cluster_role("up")))
    assert SECRET in reached(JEWEL, *given("vault", ESCALATE))


def test_escalate_is_limited_by_names_of_both_verbs() -> None:
    """``escalate`` and ``patch`` have to cover the same role, which has to be his own."""
    other = rule("roles", "escalate", names=("other",), group=RBAC)
    own = rule("roles", "escalate", names=("given",), group=RBAC)
    patch = rule("roles", "patch", group=RBAC)

    assert SECRET not in reached(JEWEL, *given("vault", other, patch))
    assert SECRET in reached(JEWEL, *given("vault", own, patch))


def test_escalate_with_a_binding_of_his_own_making() -> None:
    """Who also creates roles and bindings needs no role to begin with."""
    rules = [ESCALATE, rule("roles", "create", group=RBAC), rule("rolebindings", "create", group=RBAC)]
    role = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": "up"}, "rules": rules}

    assert SECRET in reached(JEWEL, role, bound("vault", cluster_role("up")))


def test_escalate_on_cluster_roles_reaches_as_far_as_the_binding() -> None:
    """The ClusterRole that he changes gives him what he adds where he is bound to it."""
    rules = [rule("clusterroles", "escalate", "update", names=("small",), group=RBAC)]
    small = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": "small"}, "rules": []}
    here, elsewhere = bound("vault", cluster_role("small"), name="b"), bound("shop", cluster_role("small"), name="b")

    assert SECRET in reached(JEWEL, small, here, *given("", *rules))
    assert SECRET not in reached(JEWEL, small, elsewhere, *given("", *rules))
    assert "cluster admin" not in reached(JEWEL, small, here, *given("", *rules))


def test_escalate_on_all_cluster_roles_is_everything() -> None:
    """A ClusterRole with ``escalate`` and ``update`` on all of them can be filled itself."""
    assert "cluster admin" in reached(JEWEL, *given("", rule("clusterroles", "escalate", "update", group=RBAC)))
    assert "cluster admin" not in reached(JEWEL, *given("", rule("clusterroles", "update", "create", group=RBAC)))


def test_bind_gives_what_the_role_gives() -> None:
    """Bound to ``reader`` in a namespace he reads its Secrets, and becomes no administrator."""
    rules = [rule("clusterroles", "bind", names=("reader",), group=RBAC), rule("rolebindings", "create", group=RBAC)]
    found = reached(JEWEL, READER, *given("vault", *rules))

    assert SECRET in found
    assert "clusterrole/vault/reader" in found
    assert not any("admin" in name for name in found)


def test_bind_reaches_the_namespace_of_the_binding() -> None:
    """Who may bind in one namespace gains nothing in another."""
    rules = [rule("clusterroles", "bind", group=RBAC), rule("rolebindings", "create", group=RBAC)]

    assert SECRET not in reached(JEWEL, READER, *given("shop", *rules))
    assert "namespace admin in shop" in reached(JEWEL, READER, *given("shop", *rules))


def test_bind_everywhere_in_namespaces() -> None:
    """With both rights cluster-wide he binds in each namespace; in none of them does that make a ClusterRoleBinding."""
    names = rule("clusterroles", "bind", names=("reader",), group=RBAC)
    found = reached(JEWEL, READER, *given("", names, rule("rolebindings", "create", group=RBAC)))

    assert SECRET in found
    assert "clusterrole/reader" not in found


def test_bind_needs_a_way_to_write_the_binding() -> None:
    """The verb ``bind`` alone gives nothing, nor does creating bindings of the other kind."""
    only = rule("clusterroles", "bind", group=RBAC)
    other = rule("clusterrolebindings", "create", group=RBAC)

    assert SECRET not in reached(JEWEL, READER, *given("vault", only))
    assert SECRET not in reached(JEWEL, READER, *given("vault", only, other))
    assert SECRET in reached(JEWEL, READER, *given("", only, other))


def test_bind_by_updating_a_binding() -> None:
    """Who updates a binding that exists becomes what its role gives: no other role, and not through another binding."""
    alice = {**MALLORY, "name": "alice"}
    existing = bound("vault", cluster_role("reader"), alice, "readers")
    harmless = bound("vault", cluster_role("view"), alice, "viewers")
    bind = rule("clusterroles", "bind", group=RBAC)
    update = rule("rolebindings", "patch", names=("readers",), group=RBAC)
    wrong = rule("rolebindings", "patch", names=("viewers",), group=RBAC)

    assert SECRET in reached(JEWEL, READER, existing, harmless, *given("vault", bind, update))
    assert SECRET not in reached(JEWEL, READER, existing, harmless, *given("vault", bind, wrong))
    assert SECRET not in reached(JEWEL, READER, existing, harmless, *given("vault", update))


def test_bind_of_roles_of_the_namespace() -> None:
    """``bind`` on roles covers the Roles of the namespace, by name or all of them."""
    role = given("vault", rule("secrets", "get", names=("jewel",)), subject={**MALLORY, "name": "alice"}, name="one")
    create = rule("rolebindings", "create", group=RBAC)
    every, named = rule("roles", "bind", group=RBAC), rule("roles", "bind", names=("one",), group=RBAC)
    wrong = rule("roles", "bind", names=("two",), group=RBAC)

    for bind in (every, named):
        found = reached(JEWEL, OTHER, *role, *given("vault", bind, create))
        assert SECRET in found
        assert "secret/vault/other" not in found
    assert SECRET not in reached(JEWEL, OTHER, *role, *given("vault", wrong, create))


def test_rights_of_two_bindings_count_together() -> None:
    """What one binding gives to a ServiceAccount and another to all of its namespace is one right to bind."""
    account = {"kind": "ServiceAccount", "namespace": "outside", "name": "robot"}
    everyone = {"kind": "Group", "apiGroup": RBAC, "name": "system:serviceaccounts:outside"}
    bind = given("vault", rule("clusterroles", "bind", group=RBAC), subject=account)
    create = given("vault", rule("rolebindings", "create", group=RBAC), subject=everyone, name="all")
    assert SECRET in reached(JEWEL, READER, *bind, *create, start=Node("ServiceAccount", "outside", "robot"))
    assert SECRET not in reached(JEWEL, READER, *bind, *create, start=Node("ServiceAccount", "outside", "other"))


def test_aggregation_needs_a_role_that_aggregates() -> None:
    """With ``escalate`` and ``create`` he adds to the aggregated ClusterRole that he is bound to, and to no other."""
    rules = [rule("clusterroles", "escalate", "create", group=RBAC)]

    assert SECRET in reached(JEWEL, bound("vault", cluster_role("view"), name="b"), *given("", *rules))
    assert SECRET not in reached(JEWEL, bound("vault", cluster_role("system:basic-user"), name="b"), *given("", *rules))
