"""Rights that lead to Secrets of which they do not speak, for findings: one for each namespace, not for each path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from strongroom.access.closure import Closure, places
from strongroom.access.edges import WAYS
from strongroom.access.graph import Graph
from strongroom.access.questions import control_plane
from strongroom.access.rbac_defaults import SOURCE
from strongroom.access.review import Nearest
from strongroom.access.world import DEFAULT
from strongroom.model.access import FREE, Node, Step
from strongroom.model.reach import Detour, Through

THROUGH = {
    Through.PODS: (
        "pods-create",
        "workloads-create",
        "workloads-change",
        "pods-patch",
        "pods-exec",
        "pods-attach",
        "pods-ephemeral-containers",
        "pods-log",
        "pods-port-forward",
        "pods-proxy",
        "csi-token-requests",
    ),
    Through.IDENTITY: (
        "impersonate-users",
        "impersonate-groups",
        "impersonate-service-accounts",
        "impersonate-constrained",
        "tokens-create",
        "token-secret",
        "csr-approve",
        "csr-auto-approve",
        "account-recreate",
        "bootstrap-token",
        "aws-auth-write",
    ),
    Through.ROLES: ("escalate", "bind", "aggregated-roles"),
    Through.OPERATOR: (
        "external-secret-write",
        "secret-store-write",
        "push-secret-write",
        "vault-secret-write",
        "vault-auth-write",
        "sealed-secret-write",
        "secret-provider-class-write",
        "issuer-write",
        "argo-application-write",
        "flux-write",
        "helm-release",
        "backup-read",
    ),
    Through.CLUSTER: (
        "webhook-write",
        "admission-policy-write",
        "api-service-write",
        "crd-conversion",
        "persistent-volumes",
        "pods-steal",
        "namespaces-patch",
        "nodes-proxy",
        "etcd-read",
        "audit-log-read",
    ),
}
"""Ways that are detours. All others read Secrets by a right that says so, or are no right."""

READING = ("secrets-get", "secrets-list", "secrets-watch", "secrets-patch", "secrets-delete")
"""Ways that read Secrets; what a Secret that was read leads to (a token, a kubeconfig) is a detour."""

_KIND = {way: through for through, ways in THROUGH.items() for way in ways} | dict.fromkeys(READING, Through.IDENTITY)
_TITLES = {way.id: way.title for way in WAYS}
_EVERYBODY = ("system:authenticated", "system:serviceaccounts", "system:unauthenticated")

_Key = tuple[Through, str]


class _Right(NamedTuple):
    step: Step
    given: str
    reached: int


def detours(graph: Graph) -> list[Detour]:
    """Return the rights given in one namespace by which somebody comes by Secrets of others, by no direct way.

    Rights in every namespace are left out: that they reach all Secrets says their role. So is what Kubernetes gives to
    itself.
    """
    secrets = graph.secrets()
    spaces = sorted({graph.nodes[number].namespace for number in secrets})
    bit = {space: place for place, space in enumerate(spaces)}
    bits = [bit[graph.nodes[number].namespace] for number in secrets]
    reached = Closure(graph, secrets, backwards=True, bits=bits).reached_by
    found: dict[_Key, list[tuple[int, _Right]]] = {}
    for number in graph.identities():
        if reached[number] and _asked(graph.nodes[number]):
            for right in _rights(graph, number, reached, bit, _everybodys(graph, number, reached)):
                found.setdefault((_KIND[right.step.way], right.given), []).append((number, right))
    nearest = Nearest(graph, secrets, spaces) if found else None
    return [_detour(graph, listed, spaces, nearest) for listed in found.values() if nearest is not None]


def _asked(node: Node) -> bool:
    if node.kind not in ("User", "Group", "ServiceAccount") or node in control_plane():
        return False
    return not node.name.startswith("system:") or node.name.startswith(_EVERYBODY)


def _everybodys(graph: Graph, number: int, reached: Sequence[int]) -> int:
    """Return what an identity reaches as everybody does: what leads there too is no detour of its own."""
    groups = _EVERYBODY[:2] if graph.nodes[number].kind == "ServiceAccount" else _EVERYBODY[:1]
    found = 0
    for name in groups:
        everybody = graph.number.get(Node("Group", "", name), number)
        found |= reached[everybody] if everybody != number else 0
    return found


def _rights(graph: Graph, number: int, reached: Sequence[int], bit: dict[str, int], direct: int) -> Iterator[_Right]:
    """Yield for each kind of detour of somebody the right that leads to most beside what is reached directly."""
    steps = [
        (step, reached[target])
        for target in graph.paid[number]
        for step in graph.steps(number, target)
        if step.way not in FREE
    ]
    for step, bits in steps:
        if step.way not in _KIND:
            direct |= bits
        elif step.way in READING:
            direct |= 1 << bit[step.target.namespace] if step.target.namespace in bit else bits
    best: dict[tuple[Through, str], _Right] = {}
    for step, bits in steps:
        given = _given(step)
        if step.way in _KIND and given:
            own = 1 << bit[given] if given in bit else 0
            more = bits & ~direct & ~own
            key = _KIND[step.way], given
            if more and (key not in best or more.bit_count() > best[key].reached.bit_count()):
                best[key] = _Right(step, given, more)
    yield from best.values()


def _given(step: Step) -> str:
    """Return the namespace in which a RoleBinding of the sources gives the right to a step; empty for any other."""
    first = step.evidence[0] if step.evidence else None
    if first is None or first.resource is None or first.origin is None or first.origin.source == SOURCE:
        return ""
    return (first.resource.namespace or DEFAULT) if first.resource.kind == "RoleBinding" else ""


def _detour(graph: Graph, listed: Sequence[tuple[int, _Right]], spaces: Sequence[str], nearest: Nearest) -> Detour:
    listed = sorted(listed, key=lambda one: (-one[1].reached.bit_count(), one[1].step.evidence[0].resource or ()))
    _, right = listed[0]
    namespaces = tuple(spaces[place] for place in places(right.reached))
    route = nearest.route(graph.number[right.step.target], namespaces[0])
    return Detour(
        through=_KIND[right.step.way],
        way=right.step.way,
        title=_TITLES[right.step.way],
        holders=tuple(dict.fromkeys(graph.nodes[number] for number, _ in listed)),
        given=right.given,
        namespaces=namespaces,
        evidence=right.step.evidence,
        others=tuple(dict.fromkeys(one.step.evidence[0] for _, one in listed))[1:],
        steps=tuple(_told(route.steps)),
    )


def _told(steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        if step.way in FREE:
            by = f" {step.evidence[0].note}" if step.evidence and step.evidence[0].note else ""
            yield f"is {step.target.show()}{by}" if step.target.kind != "Power" else step.target.show()
        else:
            yield f"{_TITLES[step.way]}: {step.target.show()}"
