"""Who reaches what in a few lines of RBAC, for tests of single ways."""

from __future__ import annotations

from typing import Any

from tests.posture.given import facts_of

from strongroom.access.graph import build
from strongroom.access.world import World
from strongroom.model.access import Node, Step

Body = dict[str, Any]
RBAC = "rbac.authorization.k8s.io"
JEWEL: Body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "jewel", "namespace": "vault"}}
OTHER: Body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "other", "namespace": "vault"}}
ATTACKER = Node("User", "", "mallory")
MALLORY: Body = {"kind": "User", "name": "mallory", "apiGroup": RBAC}


def rule(resource: str, *verbs: str, names: tuple[str, ...] = (), group: str = "") -> Body:
    """Return a rule on one resource."""
    return {"apiGroups": [group], "resources": [resource], "verbs": list(verbs), "resourceNames": list(names)}


def given(namespace: str, *rules: Body, subject: Body = MALLORY, name: str = "given") -> list[Body]:
    """Return a role with rules and its binding; a ClusterRole and a ClusterRoleBinding for an empty namespace."""
    kind = "Role" if namespace else "ClusterRole"
    where = {"namespace": namespace} if namespace else {}
    ref = {"apiGroup": RBAC, "kind": kind, "name": name}
    return [
        {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": {"name": name, **where}, "rules": list(rules)},
        bound(namespace, ref, subject, name),
    ]


def bound(namespace: str, ref: Body, subject: Body = MALLORY, name: str = "given") -> Body:
    """Return a RoleBinding, or for an empty namespace a ClusterRoleBinding."""
    where = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": {"name": name, **where},
        "roleRef": ref,
        "subjects": [subject],
    }


def cluster_role(name: str) -> Body:
    """Return the reference to a ClusterRole."""
    return {"apiGroup": RBAC, "kind": "ClusterRole", "name": name}


def reached(*bodies: Body, start: Node = ATTACKER, conditional: bool = False) -> set[str]:
    """Return what somebody reaches, as people name it: Secrets, identities, programs and powers."""
    graph = build(World(facts_of(*bodies)), conditional=conditional)
    if start not in graph.number:
        return set()
    following = [free + paid for free, paid in zip(graph.free, graph.paid, strict=True)]
    found, waiting = set(), [graph.number[start]]
    while waiting:
        for target in following[waiting.pop()]:
            if target not in found:
                found.add(target)
                waiting.append(target)
    return {graph.nodes[number].show() for number in found}


def steps_of(way: str, *bodies: Body) -> list[Step]:
    """Return the steps of one way."""
    from strongroom.access.edges import WAYS

    return list(next(one for one in WAYS if one.id == way).steps(World(facts_of(*bodies))))


def own_steps(way: str, *bodies: Body) -> list[Step]:
    """Return the steps of one way that the attacker takes himself."""
    return [step for step in steps_of(way, *bodies) if step.source == ATTACKER]
