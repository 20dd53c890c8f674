"""What an aggregated ClusterRole holds.

Source: ``pkg/controller/clusterroleaggregation`` in kubernetes/kubernetes. The controller writes the rules of all that
the selectors match, until nothing changes any more; where that is no rule at all, it leaves the role's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from strongroom.model.rbac import Rule
from strongroom.model.resource import Resource, as_dict, as_list, as_text

Rules = tuple[Rule, ...]


def selectors_of(role: Resource) -> list[dict[str, Any]]:
    """Return the selectors of a ClusterRole's aggregation; none where it aggregates nothing."""
    listed = as_list(as_dict(role.get("aggregationRule")).get("clusterRoleSelectors"))
    return [{} if selector is None else selector for selector in listed if isinstance(selector, dict | None)]


def aggregated(roles: Sequence[Resource], own: Sequence[Rules]) -> tuple[list[Rules], list[tuple[str, ...]]]:
    """Return what each ClusterRole holds, and the names of those that aggregate it, directly or through others.

    ``own`` are the rules that are written into each. Those of a role that was read from a cluster count, since the
    control plane wrote them. Roles that aggregate each other all hold the same.
    """
    matched = _Matches(roles).edges()
    held = list(own)
    groups = _components(matched)
    for group in groups:
        below = dict.fromkeys(other for member in group for other in matched[member] if other not in group)
        found = dict.fromkeys(rule for other in below for rule in held[other])
        for member in group:
            if matched[member]:
                kept = own[member] if roles[member].get("metadata", "uid") or not found else ()
                held[member] = tuple(dict.fromkeys((*kept, *found)))
    return held, _ancestors(roles, matched, groups)


def _ancestors(
    roles: Sequence[Resource], matched: list[list[int]], groups: list[frozenset[int]]
) -> list[tuple[str, ...]]:
    above: list[set[int]] = [set() for _ in roles]
    for group in reversed(groups):  # those that aggregate come before what they aggregate
        if len(group) > 1:
            shared = set(group).union(*(above[member] for member in group))
            for member in group:
                above[member] |= shared
        for member in group:
            for other in matched[member]:
                above[other] |= above[member] | {member}
    return [
        tuple(sorted({roles[parent].name for parent in parents if parent != role}))
        for role, parents in enumerate(above)
    ]


def _components(edges: list[list[int]]) -> list[frozenset[int]]:
    """Return the strongly connected components of a graph, each after those that it leads to.

    Source: R. Tarjan, Depth-first search and linear graph algorithms (1972), without recursion.
    """
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    path: list[int] = []
    on_path: set[int] = set()
    found: list[frozenset[int]] = []
    for start in range(len(edges)):
        waiting = [(start, iter(edges[start]))] if start not in order else []
        while waiting:
            node, others = waiting[-1]
            if node not in order:
                order[node] = low[node] = len(order)
                path.append(node)
                on_path.add(node)
            step = next((other for other in others if other not in order or other in on_path), None)
            if step is None:
                waiting.pop()
                if waiting:
                    low[waiting[-1][0]] = min(low[waiting[-1][0]], low[node])
                if low[node] == order[node]:
                    found.append(_popped(path, node))
                    on_path -= found[-1]
            elif step in order:
                low[node] = min(low[node], order[step])
            else:
                waiting.append((step, iter(edges[step])))
    return found


def _popped(path: list[int], node: int) -> frozenset[int]:
    """Take a node, and what was put on the path after it, off the path."""
    taken = {path.pop()}
    while node not in taken:
        taken.add(path.pop())
    return frozenset(taken)


class _Matches:
    """Which ClusterRoles the selectors of each ClusterRole match."""

    def __init__(self, roles: Sequence[Resource]) -> None:
        self._roles = roles
        self._by_label: dict[tuple[str, str], list[int]] = {}
        for index, role in enumerate(roles):
            for label in role.labels.items():
                self._by_label.setdefault(label, []).append(index)

    def edges(self) -> list[list[int]]:
        """Return the roles that each role aggregates; none of its own name."""
        return [list(dict.fromkeys(self._of(role))) for role in self._roles]

    def _of(self, role: Resource) -> Iterator[int]:
        everything = range(len(self._roles))
        for selector in selectors_of(role):
            labels = as_dict(selector.get("matchLabels"))
            pools = [self._by_label.get(item, []) for item in labels.items() if isinstance(item[1], str)]
            test = selector_test(selector)
            for index in min(pools, key=len, default=everything):
                if self._roles[index].name != role.name and test(self._roles[index].labels):
                    yield index


def selector_test(selector: dict[str, Any]) -> Callable[[dict[str, str]], bool]:
    """Return the test of a LabelSelector: all its requirements hold, and an empty one matches everything.

    A requirement of an unknown shape matches nothing: the API server would refuse the selector.
    """
    labels = as_dict(selector.get("matchLabels"))
    expressions = as_list(selector.get("matchExpressions"))

    def test(found: dict[str, str]) -> bool:
        return all(found.get(k) == v for k, v in labels.items()) and all(_holds(e, found) for e in expressions)

    return test


def _holds(expression: Any, labels: dict[str, str]) -> bool:
    entry = as_dict(expression)
    key, operator, values = as_text(entry.get("key")), entry.get("operator"), as_list(entry.get("values"))
    if operator == "In":
        return key in labels and labels[key] in values
    if operator == "NotIn":
        return key not in labels or labels[key] not in values
    if operator == "Exists":
        return key in labels
    return operator == "DoesNotExist" and key not in labels
