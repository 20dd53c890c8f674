"""What aggregated ClusterRoles hold; ``tests/access/oracle`` compares with the controller of a real control plane."""

from __future__ import annotations

from typing import Any

from strongroom.inventory.rbac import roles_of
from strongroom.model.origin import Origin
from strongroom.model.rbac import Role
from strongroom.model.resource import Resource

_GROUP = "rbac.authorization.k8s.io"


def _role(name: str, *resources: str, labels: dict[str, str] | None = None, into: list[Any] | None = None) -> Resource:
    rules = [{"apiGroups": [""], "resources": [resource], "verbs": ["get"]} for resource in resources]
    body: dict[str, Any] = {"metadata": {}, "rules": rules}
    if into is not None:
        body["aggregationRule"] = {"clusterRoleSelectors": into}
    return Resource(f"{_GROUP}/v1", "ClusterRole", "", name, labels or {}, {}, body, Origin("deploy", "r.yaml", 0))


def _to(name: str) -> dict[str, Any]:
    return {"matchLabels": {"to": name}}


def _held(*roles: Resource) -> dict[str, list[str]]:
    return {role.resource.name: _resources(role) for role in roles_of(roles)}


def _resources(role: Role) -> list[str]:
    return [resource for rule in role.rules for resource in rule.resources]


def test_rules_stay_where_what_matches_has_none() -> None:
    """The controller writes no empty list, so a role keeps its own rules while its parts are empty."""
    held = _held(_role("sum", "nodes", into=[_to("sum")]), _role("part", labels={"to": "sum"}))

    assert held["sum"] == ["nodes"]


def test_an_aggregated_role_that_keeps_its_rules_passes_them_on() -> None:
    """A part that aggregates nothing with rules counts with its own."""
    middle = _role("middle", "nodes", labels={"to": "sum"}, into=[_to("nobody")])

    assert _held(_role("sum", "pods", into=[_to("sum")]), middle) == {"sum": ["nodes"], "middle": ["nodes"]}


def test_roles_that_aggregate_each_other_hold_the_same() -> None:
    """Around a circle everybody holds what anybody on it aggregates."""
    one = _role("one", labels={"to": "two"}, into=[_to("one"), {"matchLabels": {"more": "1"}}])
    two = _role("two", labels={"to": "one"}, into=[_to("two")])
    part = _role("part", "secrets", labels={"more": "1"})
    roles = roles_of([one, two, part])

    assert [_resources(role) for role in roles] == [["secrets"]] * 3
    assert [role.part_of for role in roles] == [("two",), ("one",), ("one", "two")]


def test_a_selector_that_is_null_matches_everything() -> None:
    """To the API server it is the empty selector."""
    assert _held(_role("sum", into=[None]), _role("part", "secrets"))["sum"] == ["secrets"]


def test_a_long_chain_is_followed_to_its_end() -> None:
    """A thousand roles that aggregate one the next all hold what the last one holds."""
    chain = [_role(f"r{n}", labels={"to": str(n)}, into=[_to(str(n + 1))]) for n in range(1000)]
    held = _held(*chain, _role("last", "secrets", labels={"to": "1000"}))

    assert set(map(tuple, held.values())) == {("secrets",)}
