"""RBAC objects as roles and bindings."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.inventory.rbac import bindings_of, roles_of
from strongroom.model.origin import Origin
from strongroom.model.rbac import Binding, Role, Rule, Subject
from strongroom.model.resource import Resource

GROUP = "rbac.authorization.k8s.io"


def _object(kind: str, name: str, namespace: str = "", path: str = "rbac.yaml", **body: Any) -> Resource:
    metadata = body.pop("metadata", {})
    return Resource(
        api_version=f"{GROUP}/v1",
        kind=kind,
        namespace=namespace,
        name=name,
        labels=metadata.get("labels", {}),
        annotations={},
        body={"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": metadata, **body},
        origin=Origin("deploy", path, 0),
    )


def _rule(*resources: str, verbs: tuple[str, ...] = ("get",)) -> dict[str, Any]:
    return {"apiGroups": [""], "resources": list(resources), "verbs": list(verbs)}


def _labelled(name: str, labels: dict[str, str], *resources: str) -> Resource:
    return _object("ClusterRole", name, metadata={"labels": labels}, rules=[_rule(*resources)])


def _aggregating(name: str, *selectors: Any, **more: Any) -> Resource:
    return _object("ClusterRole", name, aggregationRule={"clusterRoleSelectors": list(selectors)}, **more)


def _resources_of(role: Role) -> list[str]:
    return [resource for rule in role.rules for resource in rule.resources]


def _bound(binding: Resource, *others: Resource) -> Binding:
    (found,) = bindings_of([binding], roles_of(others))
    return found


def _reference(kind: str, name: str) -> dict[str, str]:
    return {"apiGroup": GROUP, "kind": kind, "name": name}


def test_a_rule_keeps_its_parts_and_its_place() -> None:
    """A rule holds every list of the manifest and the field that leads to it."""
    body = {
        "apiGroups": ["apps"],
        "resources": ["deployments"],
        "verbs": ["get", "list"],
        "resourceNames": ["web"],
        "nonResourceURLs": ["/healthz"],
    }

    (role,) = roles_of([_object("Role", "reader", "shop", rules=[_rule("pods"), body])])

    assert role.rules[1] == Rule(("get", "list"), ("apps",), ("deployments",), ("web",), ("/healthz",), ("rules", 1))
    assert not role.cluster
    assert not role.aggregates


def test_other_groups_have_no_roles() -> None:
    """A Role of another API group is no RBAC object."""
    other = Resource(
        "iam.example.org/v1", "Role", "shop", "reader", {}, {}, {"rules": [_rule("pods")]}, Origin("x", "y")
    )

    assert roles_of([other]) == ()


@pytest.mark.parametrize("rules", [None, "all", {"verbs": ["get"]}, [None, "get", ["get"], 7]])
def test_rules_of_another_shape_are_ignored(rules: Any) -> None:
    """What is no list of mappings holds no rule."""
    (role,) = roles_of([_object("ClusterRole", "odd", rules=rules)])

    assert role.rules == ()


def test_odd_members_of_a_rule_are_left_out() -> None:
    """Numbers, mappings and texts in place of lists are not verbs, and the rest of the rule stays."""
    (role,) = roles_of([_object("Role", "odd", rules=[{"verbs": ["get", 1, {}], "resources": "secrets"}])])

    assert role.rules == (Rule(("get",), (), (), (), (), ("rules", 0)),)


def test_an_aggregated_role_holds_the_rules_that_its_selectors_match() -> None:
    """Each selector adds; what is written into the role itself is replaced by the controller."""
    roles = roles_of(
        [
            _aggregating("sum", {"matchLabels": {"to": "a"}}, {"matchLabels": {"to": "b"}}, rules=[_rule("nodes")]),
            _labelled("one", {"to": "a"}, "pods"),
            _labelled("two", {"to": "b"}, "secrets"),
            _labelled("three", {"to": "c"}, "events"),
        ]
    )

    assert _resources_of(roles[0]) == ["pods", "secrets"]
    assert roles[0].aggregates


def test_aggregation_reaches_through_aggregated_roles() -> None:
    """A role that aggregates an aggregated role holds what that one holds, cycles included."""
    roles = roles_of(
        [
            _aggregating("admin", {"matchLabels": {"to": "admin"}}),
            _aggregating("edit", {"matchLabels": {"to": "edit"}}, metadata={"labels": {"to": "admin"}}),
            _aggregating("loop", {"matchLabels": {"to": "admin"}}, metadata={"labels": {"to": "edit"}}),
            _labelled("part", {"to": "edit"}, "secrets"),
        ]
    )

    assert [_resources_of(role) for role in roles] == [["secrets"]] * 4
    assert [role.part_of for role in roles] == [
        (),
        ("admin", "loop"),
        ("admin", "edit"),
        ("admin", "edit", "loop"),
    ]


def test_a_role_does_not_aggregate_its_own_name() -> None:
    """The controller passes over the role itself; so is a copy of it in another overlay."""
    copy = _object(
        "ClusterRole", "sum", path="overlays/a.yaml", metadata={"labels": {"to": "a"}}, rules=[_rule("pods")]
    )
    sum_ = _aggregating("sum", {"matchLabels": {"to": "a"}})

    (role, *_) = roles_of([sum_, copy, _labelled("one", {"to": "a"}, "secrets")])

    assert _resources_of(role) == ["secrets"]


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ({}, True),
        ({"matchLabels": {"to": "a"}}, True),
        ({"matchLabels": {"to": "a", "tier": "x"}}, False),
        ({"matchExpressions": [{"key": "to", "operator": "In", "values": ["a", "b"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["a"]}]}, False),
        ({"matchExpressions": [{"key": "to", "operator": "NotIn", "values": ["a"]}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["a"]}]}, True),
        ({"matchExpressions": [{"key": "to", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "to", "operator": "DoesNotExist"}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, True),
        ({"matchLabels": {"to": "a"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "to", "operator": "Gt", "values": ["0"]}]}, False),
        ({"matchExpressions": ["to"]}, False),
    ],
)
def test_label_selectors(selector: dict[str, Any], matches: bool) -> None:
    """Selectors match as apimachinery's labels.Selector does: all requirements, and the empty one everything."""
    (role, _) = roles_of([_aggregating("sum", selector), _labelled("one", {"to": "a"}, "pods")])

    assert _resources_of(role) == (["pods"] if matches else [])


def test_an_aggregated_role_of_a_dump_keeps_its_rules() -> None:
    """Rules that the control plane wrote count, also where not all of their origins were dumped."""
    dumped = _aggregating("sum", {"matchLabels": {"to": "a"}}, metadata={"uid": "7d1c"}, rules=[_rule("nodes")])

    (role, _) = roles_of([dumped, _labelled("one", {"to": "a"}, "pods")])

    assert _resources_of(role) == ["nodes", "pods"]


def test_a_role_binding_means_the_role_of_its_namespace() -> None:
    """A Role of the same name in another namespace is another role."""
    wrong, right = _object("Role", "reader", "mail"), _object("Role", "reader", "shop")
    binding = _object("RoleBinding", "web", "shop", roleRef=_reference("Role", "reader"))

    found = _bound(binding, wrong, right)

    assert found.role is not None
    assert found.role.resource is right
    assert _bound(binding, wrong).role is None


def test_an_open_namespace_may_be_any() -> None:
    """A manifest that names no namespace may be applied to the binding's, but a named one is preferred."""
    binding = _object("RoleBinding", "web", "shop", roleRef=_reference("Role", "reader"))
    unnamed, named = _object("Role", "reader"), _object("Role", "reader", "shop")

    assert getattr(_bound(binding, unnamed).role, "resource", None) is unnamed
    assert getattr(_bound(binding, unnamed, named).role, "resource", None) is named


def test_the_role_of_the_same_file_and_folder_is_preferred() -> None:
    """Where several overlays define a role, a binding means that beside it."""
    far = _object("ClusterRole", "reader", path="overlays/a/role.yaml")
    near = _object("ClusterRole", "reader", path="overlays/b/role.yaml")
    same = _object("ClusterRole", "reader", path="overlays/b/binding.yaml")
    reference = _reference("ClusterRole", "reader")
    binding = _object("ClusterRoleBinding", "web", path="overlays/b/binding.yaml", roleRef=reference)

    assert getattr(_bound(binding, far, near).role, "resource", None) is near
    assert getattr(_bound(binding, far, near, same).role, "resource", None) is same


def test_kinds_of_roles_are_not_mixed_up() -> None:
    """A binding to a ClusterRole does not mean a Role, and a ClusterRoleBinding never does."""
    role = _object("Role", "reader", "shop")
    to_cluster_role = _object("RoleBinding", "web", "shop", roleRef=_reference("ClusterRole", "reader"))
    refused = _object("ClusterRoleBinding", "web", roleRef=_reference("Role", "reader"))

    assert _bound(to_cluster_role, role).role is None
    assert _bound(refused, role).role is None


@pytest.mark.parametrize(
    "reference", [None, "reader", {}, {"kind": "Role"}, {"name": "reader"}, {"kind": 1, "name": 2}]
)
def test_bindings_without_a_role_are_left_out(reference: Any) -> None:
    """A binding that names no role gives nothing to anybody."""
    assert bindings_of([_object("RoleBinding", "web", "shop", roleRef=reference)], ()) == ()


def test_subjects_are_who_the_api_server_means() -> None:
    """A ServiceAccount without a namespace is of the binding's, and its user name is the account itself."""
    subjects = [
        {"kind": "ServiceAccount", "name": "web"},
        {"kind": "ServiceAccount", "name": "web", "namespace": "mail"},
        {"kind": "User", "name": "system:serviceaccount:shop:api"},
        {"kind": "User", "name": "system:serviceaccount:shop"},
        {"kind": "Group", "name": "system:serviceaccounts:shop"},
        {"kind": "Robot", "name": "r2"},
        {"kind": "User"},
        "web",
    ]
    binding = _object("RoleBinding", "web", "shop", roleRef=_reference("Role", "reader"), subjects=subjects)

    assert _bound(binding).subjects == (
        (("subjects", 0), Subject("ServiceAccount", "shop", "web")),
        (("subjects", 1), Subject("ServiceAccount", "mail", "web")),
        (("subjects", 2), Subject("ServiceAccount", "shop", "api")),
        (("subjects", 3), Subject("User", "", "system:serviceaccount:shop")),
        (("subjects", 4), Subject("Group", "", "system:serviceaccounts:shop")),
    )


def test_a_cluster_wide_subject_has_the_namespace_that_it_names() -> None:
    """A ClusterRoleBinding has no namespace to lend to a ServiceAccount."""
    subjects = [{"kind": "ServiceAccount", "name": "web"}]
    reference = _reference("ClusterRole", "reader")
    binding = _object("ClusterRoleBinding", "web", "shop", roleRef=reference, subjects=subjects)

    assert _bound(binding).subjects == ((("subjects", 0), Subject("ServiceAccount", "", "web")),)


_LEAVES = st.none() | st.booleans() | st.integers() | st.sampled_from(["*", "get", "secrets", "a", "In", "ClusterRole"])
_KEYS = st.sampled_from(
    [
        "matchLabels",
        "matchExpressions",
        "clusterRoleSelectors",
        "key",
        "operator",
        "values",
        "verbs",
        "kind",
        "name",
        "a",
    ]
)
_JSON = st.recursive(_LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3))


@given(st.lists(st.tuples(st.sampled_from(["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"]), _JSON, _JSON)))
def test_any_shape_is_read(objects: list[tuple[str, Any, Any]]) -> None:
    """Whatever a hostile manifest puts into the fields, it is read or ignored, and never raises."""
    resources = [
        _object(kind, "a", rules=one, aggregationRule=other, roleRef=one, subjects=other)
        for kind, one, other in objects
    ]

    roles = roles_of(resources)

    assert len(roles) == sum(kind in ("Role", "ClusterRole") for kind, _, _ in objects)
    assert len(bindings_of(resources, roles)) <= len(objects) - len(roles)
