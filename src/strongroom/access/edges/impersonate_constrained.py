"""Constrained impersonation, on by default since Kubernetes 1.36, lets somebody be another for some requests only.
Where these are requests for Secrets, he reads what the other may read.

## Needs

Two rights, and an identity that reads the Secret by itself:

- to be the other: ``impersonate:user-info`` on ``users`` (cluster-wide), ``impersonate:serviceaccount`` on
  ``serviceaccounts`` in their namespace, both in the group ``authentication.k8s.io``, with ``resourceNames`` for
  these names;
- for the request: ``impersonate-on:user-info:get`` (or ``…:list``, ``…:watch``) on ``secrets``, or
  ``impersonate-on:serviceaccount:get`` and so on.

A rule with ``*`` for verbs covers them. Nodes (``impersonate:arbitrary-node``) are in the way ``node-pods``; being
one for some requests only is shown with this condition and does not count as reach.

## Exploited

```console
$ kubectl get secret db -n shop --as=system:serviceaccount:shop:deployer -o yaml
```

## Closed

Name whom to be in ``resourceNames``, and leave Secrets out of ``impersonate-on``.

## References

- https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/#constrained-impersonation
- https://github.com/kubernetes/enhancements/tree/master/keps/sig-auth/5284-constrained-impersonation
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from strongroom.access.rbac import Permission
from strongroom.access.together import Joint, implied_groups, together
from strongroom.access.way import Way
from strongroom.access.world import World, who
from strongroom.model.access import Node, Power, Step, power

_GROUP = "authentication.k8s.io"
_READS = ("get", "list", "watch")
_READS_ALL = Node("User", "", "system:kube-controller-manager")
_ON_REQUESTS = "for the requests that impersonate-on allows"


class _Mode(NamedTuple):
    name: str
    resource: str
    kind: str


_MODES = (_Mode("user-info", "users", "User"), _Mode("serviceaccount", "serviceaccounts", "ServiceAccount"))


def steps(world: World) -> Iterator[Step]:
    """Yield who reads which Secrets as somebody else."""
    readers: dict[Node, list[Permission]] = {}
    for permission in world.holders("", "secrets", *_READS):
        readers.setdefault(who(permission), []).append(permission)
    for mode in _MODES:
        for joint in _joints(world, mode):
            evidence = joint.evidence("impersonate", "impersonate for Secrets")
            for target in dict.fromkeys(_read(world, mode, joint, readers)):
                yield Step(joint.source, target, WAY.id, evidence)
    for joint in _joints(world, _Mode("arbitrary-node", "nodes", "Node")):
        evidence = joint.evidence("impersonate", "impersonate for Secrets")
        for permission in joint.parts[0]:
            targets = [Node("Node", "", name) for name in permission.names] or [power(Power.ANY_NODE)]
            yield from (Step(joint.source, target, WAY.id, evidence, _ON_REQUESTS) for target in targets)


def _joints(world: World, mode: _Mode) -> Iterator[Joint]:
    """Yield who may be somebody, with the namespaces whose Secrets he may then ask for."""
    # The namespace of the ServiceAccount is not that of the Secret. Who holds every right needs nobody else's.
    anywhere = (
        msgspec.structs.replace(permission, namespace="")
        for permission in world.holders(_GROUP, mode.resource, f"impersonate:{mode.name}")
        if not permission.rule.is_everything and (mode.kind == "ServiceAccount" or not permission.namespace)
    )
    requests = world.holders("", "secrets", *(f"impersonate-on:{mode.name}:{verb}" for verb in _READS))
    yield from together(anywhere, requests, world=world)


def _read(world: World, mode: _Mode, joint: Joint, readers: dict[Node, list[Permission]]) -> Iterator[Node]:
    """Yield what somebody reads as the others that he may be."""
    for permission in joint.parts[0]:
        for other in _others(world, mode, permission):
            for holder in (other, *implied_groups(other)):
                for own in readers.get(holder, ()):
                    if not joint.namespace or own.namespace in ("", joint.namespace):
                        yield from _secrets(world, own, joint)


def _others(world: World, mode: _Mode, permission: Permission) -> Iterator[Node]:
    binding = permission.binding
    namespace = "" if binding.cluster or mode.kind == "User" else binding.resource.namespace or "default"
    if permission.names and (namespace or mode.kind == "User"):
        yield from (Node(mode.kind, namespace, name) for name in permission.names)
    elif mode.kind == "User":
        yield _READS_ALL  # in every cluster
    else:
        wanted = set(permission.names)
        yield from (node for node in world.service_accounts_in(namespace) if not wanted or node.name in wanted)


def _secrets(world: World, own: Permission, joint: Joint) -> Iterator[Node]:
    namespace = own.namespace or joint.namespace
    for asked in joint.parts[1]:
        names = [name for name in own.names or asked.names if not asked.names or name in asked.names]
        if own.names or asked.names:
            yield from world.secrets_named(namespace, names)
        else:
            yield power(Power.READ_SECRETS, namespace)


WAY = Way("impersonate-constrained", "reads the Secret as somebody else", ("T1134.001", "T1552.007"), steps)
