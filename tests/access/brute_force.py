"""Reach by brute force: breadth first over single grants, one question at a time, without powers, sets or indexes.

It shares no code with the graph: it reads the objects as a person would.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Body = dict[str, Any]
Thing = tuple[str, str, str]
"""Kind, namespace, name."""


class Cluster(NamedTuple):
    """A small cluster: its objects, and who is in which group."""

    objects: tuple[Body, ...]
    members: tuple[tuple[str, str], ...] = ()

    def of(self, kind: str) -> list[Body]:
        """Return the objects of a kind."""
        return [body for body in self.objects if body["kind"] == kind]


def distances(cluster: Cluster, start: Thing) -> dict[Thing, int]:
    """Return everything that somebody reaches, with the number of acts that it takes."""
    known = {start: 0}
    level = [start]
    while level:
        beyond: list[Thing] = []
        for thing in level:
            cost = known[thing]
            for group in _groups(cluster, thing):
                if known.get(group, 1 << 30) > cost:
                    known[group] = cost
                    level.append(group)  # seen in this round still
            for target in _acts(cluster, thing):
                if target not in known:
                    known[target] = cost + 1
                    beyond.append(target)
        level = [thing for thing in beyond if thing in known]
    return known


def _groups(cluster: Cluster, thing: Thing) -> Iterator[Thing]:
    kind, namespace, name = thing
    if kind == "ServiceAccount":
        yield "Group", "", f"system:serviceaccounts:{namespace}"
        yield "Group", "", "system:serviceaccounts"
    if kind == "Group" and name.startswith("system:serviceaccounts:"):
        yield "Group", "", "system:serviceaccounts"
    if kind in ("User", "Group", "ServiceAccount", "Node"):
        yield "Group", "", "system:authenticated"
    if kind == "Node":
        yield "Group", "", "system:nodes"
    if kind == "User":
        for group, member in cluster.members:
            if member == name:
                yield "Group", "", group


def _acts(cluster: Cluster, thing: Thing) -> Iterator[Thing]:
    """Yield what one act gains for somebody: only what he may do himself, not what his groups may."""
    kind = thing[0]
    if kind in ("Pod", "Deployment"):
        yield from _held_by(cluster, thing)
        return
    if kind not in ("User", "Group", "ServiceAccount", "Node"):
        return
    for secret in cluster.of("Secret"):
        where, own = secret["metadata"]["namespace"], secret["metadata"]["name"]
        if any(_may(cluster, thing, verb, "secrets", where, own) for verb in ("get", "list", "watch")):
            yield "Secret", where, own
    for space in _spaces(cluster):
        if _creates_pods(cluster, thing, space):
            yield from _of_any_pod(cluster, space)
    for pod in cluster.of("Pod"):
        where, own = pod["metadata"]["namespace"], pod["metadata"]["name"]
        if _may(cluster, thing, "create", "pods/exec", where, own):
            yield _program(pod)
    yield from _become(cluster, thing)


def _become(cluster: Cluster, thing: Thing) -> Iterator[Thing]:
    """Yield whom one act makes somebody: by a token of an account that is there, by impersonation of any."""
    for account in cluster.of("ServiceAccount"):
        where, own = account["metadata"]["namespace"], account["metadata"]["name"]
        if _may(cluster, thing, "create", "serviceaccounts/token", where, own):
            yield "ServiceAccount", where, own
    for where in _spaces(cluster):
        for own in _accounts(cluster, where):
            if _may(cluster, thing, "impersonate", "serviceaccounts", where, own):
                yield "ServiceAccount", where, own


def _creates_pods(cluster: Cluster, who: Thing, space: str) -> bool:
    """Tell whether somebody makes pods: by create, or by applying one of a name that he may create and patch."""
    names = {
        name
        for role in cluster.of("ClusterRole") + cluster.of("Role")
        for rule in role["rules"]
        for name in rule["resourceNames"]
    }
    return _may(cluster, who, "create", "pods", space, "") or any(
        _may(cluster, who, "create", "pods", space, name) and _may(cluster, who, "patch", "pods", space, name)
        for name in names
    )


def _accounts(cluster: Cluster, space: str) -> set[str]:
    """Return names of accounts worth being: somebody else's name may be used whether or not he exists."""
    here = [body["metadata"]["name"] for body in cluster.of("ServiceAccount") if body["metadata"]["namespace"] == space]
    rules = [rule for kind in ("Role", "ClusterRole") for role in cluster.of(kind) for rule in role["rules"]]
    return {*here, *(name for rule in rules for name in rule["resourceNames"])}


def _of_any_pod(cluster: Cluster, space: str) -> Iterator[Thing]:
    """Yield what somebody gains who runs a pod of his making: its Secrets, its account, and perhaps the machine."""
    for kind in ("Secret", "ServiceAccount"):
        for body in cluster.of(kind):
            if body["metadata"]["namespace"] == space:
                yield kind, space, body["metadata"]["name"]
    (namespace,) = [body for body in cluster.of("Namespace") if body["metadata"]["name"] == space]
    level = namespace["metadata"]["labels"].get("pod-security.kubernetes.io/enforce", "privileged")
    if level == "privileged":
        for pod in cluster.of("Pod"):
            yield _program(pod)
            yield "Node", "", pod["spec"]["nodeName"]


def _held_by(cluster: Cluster, thing: Thing) -> Iterator[Thing]:
    for pod in cluster.of("Pod"):
        if _program(pod) == thing:
            space = pod["metadata"]["namespace"]
            yield "ServiceAccount", space, pod["spec"]["serviceAccountName"]
            for volume in pod["spec"]["volumes"]:
                yield "Secret", space, volume["secret"]["secretName"]


def _program(pod: Body) -> Thing:
    for owner in pod["metadata"].get("ownerReferences", ()):
        return owner["kind"], pod["metadata"]["namespace"], owner["name"]
    return "Pod", pod["metadata"]["namespace"], pod["metadata"]["name"]


def _spaces(cluster: Cluster) -> list[str]:
    return [body["metadata"]["name"] for body in cluster.of("Namespace")]


def _may(cluster: Cluster, who: Thing, verb: str, resource: str, namespace: str, name: str) -> bool:
    for binding in (*cluster.of("RoleBinding"), *cluster.of("ClusterRoleBinding")):
        where = binding["metadata"].get("namespace", "")
        if where in ("", namespace) and any(_is(subject, who) for subject in binding["subjects"]):
            for role in cluster.of(binding["roleRef"]["kind"]):
                same = role["metadata"]["name"] == binding["roleRef"]["name"]
                here = same and role["metadata"].get("namespace", "") in ("", where)
                if here and any(_allows(rule, verb, resource, name) for rule in role["rules"]):
                    return True
    return False


def _is(subject: Body, who: Thing) -> bool:
    return (subject["kind"], subject.get("namespace", ""), subject["name"]) == who


def _allows(rule: Body, verb: str, resource: str, name: str) -> bool:
    named = not rule["resourceNames"] or name in rule["resourceNames"]
    return named and _in(verb, rule["verbs"]) and _in(resource, rule["resources"]) and _in("", rule["apiGroups"])


def _in(word: str, words: list[str]) -> bool:
    return word in words or "*" in words
