r"""Whoever changes a role can only add what he holds himself, unless he has the verb ``escalate``: then he adds
anything, to a role that he is bound to.

## Needs

The verb ``escalate`` on ``roles`` or ``clusterroles``, and one of:

- ``update`` or ``patch`` on it, for a role that he is bound to;
- in a namespace, ``create`` on ``roles`` and ``rolebindings`` beside ``update`` or ``patch``: he binds himself to a
  role that allows nothing, which the API server lets him, and fills it then.

``resourceNames`` limit all of it to the roles of these names, except creating, which they forbid. Writing roles and
bindings *without* ``escalate`` and ``bind`` gives nothing that one does not have, and is no way.

## Exploited

```console
$ kubectl patch role mine -n shop --type=json \
    -p '[{"op": "add", "path": "/rules/-", "value": {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}}]'
```

## Closed

Nobody needs ``escalate`` but the control plane and operators that install others' roles. Let a tool that installs
roles hold what these roles allow instead: the API server then keeps it to that.

## References

- https://kubernetes.io/docs/reference/access-authn-authz/rbac/#restrictions-on-role-creation-or-update
- https://kubernetes.io/docs/concepts/security/rbac-good-practices/#escalate-verb
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from strongroom.access.rbac import Permission
from strongroom.access.together import Bound, Joint, together
from strongroom.access.way import Way
from strongroom.access.world import DEFAULT, World
from strongroom.model.access import Evidence, Node, Power, Step, power
from strongroom.model.rbac import Binding

_GROUP = "rbac.authorization.k8s.io"


def steps(world: World) -> Iterator[Step]:
    """Yield who makes himself an administrator by changing a role that he is bound to."""
    bound = Bound(world)
    yield from _of_namespaces(world, bound)
    yield from _of_the_cluster(world, bound)


def _of_namespaces(world: World, bound: Bound) -> Iterator[Step]:
    may = tuple(world.holders(_GROUP, "roles", "escalate"))
    changes = tuple(world.holders(_GROUP, "roles", "update", "patch"))
    for joint in together(may, changes, world=world):
        for binding in bound.of(joint.source):
            here = binding.resource.namespace or DEFAULT
            if binding.role_kind == "Role" and joint.namespace in ("", here) and _all_name(joint, binding.role_name):
                yield _step(joint, power(Power.NAMESPACE_ADMIN, here), binding)
    creates = world.holders(_GROUP, "roles", "create")
    binds = world.holders(_GROUP, "rolebindings", "create")
    for joint in together(may, changes, creates, binds, world=world):
        if not any(part[0].names for part in joint.parts):
            notes = ("escalate roles", "change roles", "create roles", "create rolebindings")
            target = power(Power.NAMESPACE_ADMIN, joint.namespace)
            yield Step(
                joint.source, target, WAY.id, joint.evidence(*notes), note="binds himself to a role, then fills it"
            )


def _of_the_cluster(world: World, bound: Bound) -> Iterator[Step]:
    may = tuple(_everywhere(world.holders(_GROUP, "clusterroles", "escalate")))
    for joint in together(may, _everywhere(world.holders(_GROUP, "clusterroles", "update", "patch")), world=world):
        for binding in bound.of(joint.source):
            if binding.role_kind == "ClusterRole" and _all_name(joint, binding.role_name):
                yield _step(joint, _reach(binding), binding)


def _step(joint: Joint, target: Node, binding: Binding) -> Step:
    note = f"bound to {binding.role_kind} {binding.role_name}"
    own = Evidence("binding", binding.resource.id, binding.resource.origin.at(("roleRef",)), note)
    return Step(joint.source, target, WAY.id, (*joint.evidence("escalate", "write it"), own), note=note)


def _all_name(joint: Joint, name: str) -> bool:
    """Tell whether some permission of every part covers a name."""
    return all(any(not one.names or name in one.names for one in part) for part in joint.parts)


def _everywhere(permissions: Iterable[Permission]) -> Iterator[Permission]:
    return (permission for permission in permissions if not permission.namespace)


def _reach(binding: Binding) -> Node:
    if binding.cluster:
        return power(Power.CLUSTER_ADMIN)
    return power(Power.NAMESPACE_ADMIN, binding.resource.namespace or DEFAULT)


WAY = Way("escalate", "adds any right to a role of his own", ("T1098.006",), steps)
