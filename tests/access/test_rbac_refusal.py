"""Roles and bindings that the API server refuses; the oracle compares these answers with a real one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.access.oracle.compare import resources_of
from tests.access.test_rbac import made, rule

from strongroom.access.rbac_refusal import refusal

REFERENCE = {"kind": "ClusterRole", "name": "r"}
GOOD = rule("pods")


def _refusal(body: dict[str, Any]) -> str:
    (resource,) = resources_of([body])
    return refusal(resource)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (made("Role", "r", rules=[GOOD]), ""),
        (made("Role", "r", rules=[]), ""),
        (made("Role", "r", rules=None), ""),
        (made("Role", "r", rules="x"), "rules is no list"),
        (made("Role", "r", rules=[GOOD, {**GOOD, "verbs": []}]), "rules[1] has no verbs"),
        (made("Role", "r", rules=[{**GOOD, "verbs": "get"}]), "rules[0] has verbs that are no list of texts"),
        (
            made("Role", "r", rules=[{**GOOD, "resourceNames": [1]}]),
            "rules[0] has resourceNames that are no list of texts",
        ),
        (made("Role", "r", rules=[{**GOOD, "apiGroups": []}]), "rules[0] has no apiGroups"),
        (made("Role", "r", rules=[{**GOOD, "resources": None}]), "rules[0] has no resources"),
        (made("Role", "r", rules=["get"]), "rules[0] is no mapping"),
        (
            made("Role", "r", rules=[{"verbs": ["get"], "nonResourceURLs": ["/x"]}]),
            "rules[0] has nonResourceURLs, which no Role may have",
        ),
        (made("ClusterRole", "r", rules=[{"verbs": ["get"], "nonResourceURLs": ["/x"]}]), ""),
        (
            made("ClusterRole", "r", rules=[{**GOOD, "nonResourceURLs": ["/x"]}]),
            "rules[0] has both resources and nonResourceURLs",
        ),
        (made("ClusterRole", "r", aggregationRule={}), "aggregationRule has no clusterRoleSelectors"),
        (made("ClusterRole", "r", aggregationRule={"clusterRoleSelectors": [{}, None]}), ""),
        (
            made("ClusterRole", "r", aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"a": "b c"}}]}),
            "aggregationRule has a selector that is none",
        ),
        (
            made(
                "ClusterRole",
                "r",
                aggregationRule={"clusterRoleSelectors": [{"matchExpressions": [{"key": "a", "operator": "In"}]}]},
            ),
            "aggregationRule has a selector that is none",
        ),
        (made("ClusterRole", "a/b"), "the name is no segment of a path"),
        (made("RoleBinding", "b", roleRef=REFERENCE), ""),
        (made("RoleBinding", "b"), "roleRef is missing"),
        (made("RoleBinding", "b", roleRef={**REFERENCE, "apiGroup": "x"}), "roleRef.apiGroup is of another group"),
        (made("RoleBinding", "b", roleRef={**REFERENCE, "kind": "role"}), "roleRef.kind is not Role or ClusterRole"),
        (made("ClusterRoleBinding", "b", roleRef={**REFERENCE, "kind": "Role"}), "roleRef.kind is not ClusterRole"),
        (made("RoleBinding", "b", roleRef={**REFERENCE, "name": ".."}), "roleRef: the name is no segment of a path"),
        (made("RoleBinding", "b", roleRef={"kind": "Role"}), "roleRef.name is missing"),
    ],
)
def test_objects_are_refused_with_a_reason(body: dict[str, Any], reason: str) -> None:
    """Each mistake has its reason, and what is sound has none."""
    assert _refusal(body) == reason


@pytest.mark.parametrize(
    ("subject", "kind", "reason"),
    [
        ({"kind": "User", "name": "a"}, "RoleBinding", ""),
        ({"kind": "Group", "name": "a", "apiGroup": "rbac.authorization.k8s.io"}, "RoleBinding", ""),
        ({"kind": "Group", "name": "a", "apiGroup": "x"}, "RoleBinding", "has another apiGroup"),
        ({"kind": "user", "name": "a"}, "RoleBinding", "is of an unknown kind"),
        ({"kind": "User"}, "RoleBinding", "has no name"),
        ({"kind": "User", "name": 1}, "RoleBinding", "is no mapping of texts"),
        ("alice", "RoleBinding", "is no mapping of texts"),
        ({"kind": "ServiceAccount", "name": "a"}, "RoleBinding", ""),
        (
            {"kind": "ServiceAccount", "name": "a"},
            "ClusterRoleBinding",
            "has no namespace, which a ClusterRoleBinding needs",
        ),
        ({"kind": "ServiceAccount", "name": "A"}, "RoleBinding", "is no name of a ServiceAccount"),
        (
            {"kind": "ServiceAccount", "name": "a", "apiGroup": "x"},
            "RoleBinding",
            "has an apiGroup, which a ServiceAccount has not",
        ),
    ],
)
def test_one_wrong_subject_is_enough(subject: Any, kind: str, reason: str) -> None:
    """A binding is refused as a whole for any of its subjects."""
    body = made(kind, "b", roleRef=REFERENCE, subjects=[{"kind": "User", "name": "b"}, subject])

    assert _refusal(body) == (f"subjects[1] {reason}" if reason else "")


def test_what_has_a_uid_was_taken() -> None:
    """An object that was read from a cluster is there, whatever is in it."""
    body = made("Role", "r", rules=[{}])
    body["metadata"]["uid"] = "1"

    assert _refusal(body) == ""


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["get", "a", "Role", "In", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["verbs", "kind", "name", "matchLabels", "matchExpressions", "operator", "clusterRoleSelectors"]
            ),
            inner,
            max_size=3,
        )
    ),
)


@given(st.sampled_from(["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"]), _JSON, _JSON)
def test_any_shape_has_an_answer(kind: str, one: Any, other: Any) -> None:
    """Whatever a hostile manifest puts into the fields, there is a reason or none, and never an error."""
    assert isinstance(_refusal(made(kind, "a", rules=[one], aggregationRule=other, roleRef=one, subjects=[other])), str)
