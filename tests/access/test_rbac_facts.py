"""The RBAC of a run."""

from __future__ import annotations

from tests.access.oracle.compare import facts_of
from tests.access.test_rbac import ALICE, binding, found, made, rule

from strongroom.access.rbac_facts import rbac_of

VIEW = {"rbac.authorization.k8s.io/aggregate-to-view": "true"}


def test_bindings_to_roles_of_kubernetes_give_what_those_hold() -> None:
    """Manifests bind people to ``edit`` without holding it: it is supposed to be as in every cluster."""
    rbac = rbac_of(facts_of([binding("ClusterRole/edit", ALICE, namespace="shop")]))

    assert ("User alice", "shop", ()) in found(rbac, "create", "secrets")
    assert found(rbac_of(facts_of([binding("ClusterRole/edit", ALICE)]), defaults=False), "create", "secrets") == []


def test_a_role_of_the_sources_stands_in_place_of_the_supposed_one() -> None:
    """A source that holds a role of the name of a default one decides."""
    own = made("ClusterRole", "edit", rules=[rule("pods")])
    rbac = rbac_of(facts_of([own, binding("ClusterRole/edit", ALICE, namespace="shop")]))

    assert ("User alice", "shop", ()) in found(rbac, "get", "pods")
    assert ("User alice", "shop", ()) not in found(rbac, "create", "secrets")


def test_a_role_of_the_sources_is_aggregated_into_a_supposed_one() -> None:
    """A label is enough to give a rule to everybody who is bound to ``view``."""
    more = made("ClusterRole", "more", rules=[rule("secrets")])
    more["metadata"]["labels"] = VIEW
    rbac = rbac_of(facts_of([more, binding("ClusterRole/view", ALICE, namespace="shop")]))

    (permission,) = [one for one in rbac.holders("get", "", "secrets") if one.subject.name == "alice"]

    assert permission.role.resource.name == "view"
    assert permission.rule.groups == ("",)


def test_what_the_api_server_refuses_gives_nothing_and_is_said() -> None:
    """One broken rule makes the whole role void, and with it its bindings."""
    broken = made("ClusterRole", "r", rules=[rule("secrets"), {"verbs": ["get"], "resources": ["pods"]}])
    rbac = rbac_of(facts_of([broken, binding("ClusterRole/r", ALICE)]), defaults=False)

    assert found(rbac, "get", "secrets") == []
    assert [(one.name, reason) for one, reason in rbac.refused] == [("r", "rules[1] has no apiGroups")]


def test_cluster_scoped_custom_resources_are_known() -> None:
    """A RoleBinding gives nothing on a custom resource whose definition says that it is cluster-scoped."""
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "zones.example.com"},
        "spec": {"group": "example.com", "scope": "Cluster", "names": {"plural": "zones"}},
    }
    everything = made("ClusterRole", "r", rules=[rule("*", groups=("*",))])
    objects = [everything, binding("ClusterRole/r", ALICE, namespace="shop")]
    without, known = (rbac_of(facts_of(given), defaults=False) for given in (objects, [*objects, definition]))

    assert len([*without.holders("get", "example.com", "zones")]) == 1
    assert [*known.holders("get", "example.com", "zones")] == []
