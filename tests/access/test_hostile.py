"""Input that is large, odd or broken gives an answer all the same."""

from __future__ import annotations

from typing import Any

from tests.posture.given import facts_of

from strongroom.access.graph import Graph, build
from strongroom.access.questions import Exposures
from strongroom.access.world import World
from strongroom.model.access import Node

_RBAC = "rbac.authorization.k8s.io"
_SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": "a"}}


def _role(rules: Any, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "Role",
        "metadata": {"name": "r", "namespace": "a", **metadata},
        "rules": rules,
    }


def _binding(subjects: Any, name: str = "r") -> dict[str, Any]:
    reference = {"apiGroup": _RBAC, "kind": "Role", "name": name}
    metadata = {"name": "b", "namespace": "a"}
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": reference,
        "subjects": subjects,
    }


def _user(name: str) -> dict[str, str]:
    return {"apiGroup": _RBAC, "kind": "User", "name": name}


def _rule(*names: str) -> dict[str, Any]:
    return {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": list(names)}


def _graph(*objects: Any) -> Graph:
    return build(World(facts_of(*objects)))


def _users(graph: Graph, name: str = "db") -> int:
    (one,) = Exposures(graph).of([graph.number[Node("Secret", "a", name)]])
    return one.users


def test_a_role_of_ten_thousand_rules() -> None:
    """Every rule counts."""
    graph = _graph(_SECRET, _role([_rule(f"s{n}") for n in range(10_000)]), _binding([_user("u")]))

    assert _users(graph, "s9999") == 1


def test_a_binding_of_ten_thousand_subjects() -> None:
    """Every subject counts, and one that is named twice counts once."""
    subjects = [_user(f"u{n}") for n in range(10_000)]

    assert _users(_graph(_SECRET, _role([_rule()]), _binding([*subjects, *subjects]))) == 10_000


def test_many_subjects_of_many_names() -> None:
    """A binding of ten thousand subjects to ten thousand rules: steps grow with both, and not with one times the other."""
    many = 10_000
    secrets = [{**_SECRET, "metadata": {"name": f"s{n}", "namespace": "a"}} for n in range(many)]
    role = _role([_rule(f"s{n}") for n in range(many)])
    graph = _graph(*secrets, role, _binding([_user(f"u{n}") for n in range(many)]))

    assert sum(1 for _ in graph.pairs()) < 8 * many
    assert _users(graph, "s0") == _users(graph, "s9999") == many


def test_dangling_references_give_nothing() -> None:
    """A binding to a role that is not there, pods and bindings without what they need: no reach, and no error."""
    broken = [
        _binding([_user("u")], name="gone"),
        _binding(None),
        _binding([3, {"kind": "User"}, {"kind": "Robot", "name": "x"}]),
        _role([3, {"verbs": "get"}, {"resources": [None], "verbs": ["get"], "apiGroups": [""]}]),
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a"}, "spec": {"containers": [3]}},
        {"apiVersion": "example.com/v9", "kind": "Unheard", "metadata": {"name": "x"}},
    ]

    assert _users(_graph(_SECRET, *broken)) == 0


def test_objects_that_are_there_twice() -> None:
    """The same objects in two sources reach what one of them reaches."""
    objects = [_SECRET, _role([_rule("db")]), _binding([_user("u")])]

    assert _users(_graph(*objects, *objects)) == 1


def test_names_with_odd_characters() -> None:
    """A user's name may be anything; it is told as it is, and users of other names are not taken for him."""
    names = ["a/b", "system:node:", "système", "x\x1b[31m", "-"]
    graph = _graph(_SECRET, _role([_rule("db")]), _binding([_user(name) for name in names]))
    (one,) = Exposures(graph).of([graph.number[Node("Secret", "a", "db")]])

    assert one.users + one.nodes == len(names)


def test_a_subject_that_grants_to_himself() -> None:
    """Who may bind and escalate in a namespace gains what it holds, and the search ends."""
    rules = [
        {"apiGroups": ["*"], "resources": ["roles", "rolebindings"], "verbs": ["create", "bind", "escalate", "update"]},
        {"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["impersonate"]},
    ]
    account = {"kind": "ServiceAccount", "name": "self", "namespace": "a"}
    graph = _graph(_SECRET, _role(rules), _binding([account, _user("u")]))

    assert _users(graph) == 1
