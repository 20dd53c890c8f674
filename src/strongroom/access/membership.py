"""Who is in which group: what Kubernetes itself gives everybody, and what ``--groups`` says.

Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/ and, for service accounts,
``k8s.io/apiserver/pkg/authentication/serviceaccount``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from strongroom.access.rbac_request import ANONYMOUS, AUTHENTICATED, NODES, SERVICE_ACCOUNTS, UNAUTHENTICATED
from strongroom.model.access import MEMBER, Evidence, Node, Step
from strongroom.model.origin import Origin

Members = Mapping[str, tuple[tuple[Node, Origin | None], ...]]
"""Group to its members, each with the place that says so."""

_EVERYBODY = Node("Group", "", AUTHENTICATED)
_NOBODY = Node("Group", "", UNAUTHENTICATED)
_STRANGER = Node("User", "", ANONYMOUS)


def memberships(identities: Iterable[Node], holding: frozenset[Node], members: Members) -> Iterator[Step]:
    """Yield the steps from identities to the groups that they are in.

    Args:
        identities: everybody who is known.
        holding: the identities that anything is given to: a group that nothing is given to is no step.
        members: what ``--groups`` says.
    """
    if _NOBODY in holding or _STRANGER in holding:
        holding = holding | {_EVERYBODY, _STRANGER, _NOBODY}
        yield Step(_STRANGER, _NOBODY, MEMBER, (Evidence("built-in", note="whoever shows no credential"),))
        yield Step(_EVERYBODY, _STRANGER, MEMBER, (Evidence("built-in", note="by showing no credential"),))
    for node in identities:
        for name, note in _built_in(node):
            group = Node("Group", "", name)
            if group in holding and group != node:
                yield Step(node, group, MEMBER, (Evidence("built-in", note=note),))
    nested = {node for listed in members.values() for node, _ in listed if node.kind == "Group"}
    for name, listed in members.items():
        group = Node("Group", "", name)
        if group in holding or group in nested:
            for node, origin in listed:
                yield Step(node, group, MEMBER, (Evidence("membership", origin=origin, note=f"member of {name}"),))


def groups_by_member(members: Members) -> dict[Node, tuple[Node, ...]]:
    """Return what ``--groups`` says the other way round: somebody to the groups that list him."""
    found: dict[Node, tuple[Node, ...]] = {}
    for name, listed in members.items():
        for node, _ in listed:
            found[node] = (*found.get(node, ()), Node("Group", "", name))
    return found


def _built_in(node: Node) -> Iterator[tuple[str, str]]:
    """Yield the groups that the API server puts an identity in, and why."""
    if node.kind == "ServiceAccount":
        yield f"{SERVICE_ACCOUNTS}:{node.namespace}", "every ServiceAccount of the namespace"
        yield SERVICE_ACCOUNTS, "every ServiceAccount"
    elif node.kind == "Node":
        yield NODES, "every kubelet"
    elif node in (_STRANGER, _NOBODY):
        return
    elif node.kind == "Group" and node.name.startswith(f"{SERVICE_ACCOUNTS}:"):
        yield SERVICE_ACCOUNTS, "every ServiceAccount"
    yield AUTHENTICATED, "everybody who is authenticated"
