"""A request can also say which groups its user is in. With ``system:masters`` among them, every check is passed.

## Needs

The verb ``impersonate`` on ``groups``, by a ClusterRoleBinding, and on any user or ServiceAccount: a request cannot
name groups without a user. With ``resourceNames`` for the groups of these names; without, for ``system:masters`` too.

## Exploited

```console
$ kubectl get secrets -A -o yaml --as=anyone --as-group=system:masters
```

## Closed

Name the groups in ``resourceNames``, and never ``system:masters``. A group that a proxy may name is a group that
whoever controls the proxy is in.

## References

- https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
- https://kubernetes.io/docs/concepts/security/rbac-good-practices/#impersonate
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.anyone import node_name
from strongroom.access.rbac import Permission
from strongroom.access.rbac_request import MASTERS, NODES
from strongroom.access.together import Joint, together
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Node, Power, Step, power


def steps(world: World) -> Iterator[Step]:
    """Yield which groups somebody puts himself into."""
    groups = (permission for permission in world.holders("", "groups", "impersonate") if not permission.namespace)
    for joint in together(groups, _somebody(world), world=world):
        evidence = joint.evidence("impersonate groups", "impersonate a user with them")
        for target in dict.fromkeys(_targets(joint)):
            yield Step(joint.source, target, WAY.id, evidence)


def _somebody(world: World) -> Iterator[Permission]:
    for permission in world.holders("", "users", "impersonate"):
        if not permission.namespace:
            yield permission
    yield from world.holders("", "serviceaccounts", "impersonate")


def _targets(joint: Joint) -> Iterator[Node]:
    groups, users = joint.parts
    for permission in groups:
        if not permission.names or MASTERS in permission.names:
            yield power(Power.CLUSTER_ADMIN)
        for name in permission.names:
            if name == NODES:
                yield from _nodes(users)
            elif name != MASTERS:
                yield Node("Group", "", name)


def _nodes(users: tuple[Permission, ...]) -> Iterator[Node]:
    for permission in users:
        if not permission.rule.has_resource("", "users"):
            continue
        if not permission.names:
            yield power(Power.ANY_NODE)
        yield from (Node("Node", "", node_name(name)) for name in permission.names if node_name(name))


WAY = Way("impersonate-groups", "impersonates a member of a group", ("T1134.001", "T1078"), steps)
