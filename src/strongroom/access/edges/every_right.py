"""A rule with ``*`` for verbs, groups and resources allows everything: it is ``cluster-admin``, whatever its role is
called.

## Needs

A binding to a role with such a rule. By a ClusterRoleBinding it reaches the whole cluster; by a RoleBinding
everything in its namespace. A rule with ``*`` for verbs or resources alone is looked at by the ways that it opens.

## Exploited

```console
$ kubectl get secrets -A -o yaml
```

## Closed

Write down what is needed, for which the audit log says what was used; ``strongroom access minimise`` then proposes what
the role needs of Secrets. Give ``cluster-admin`` for an incident, by a binding that is taken away again.

## References

- https://kubernetes.io/docs/concepts/security/rbac-good-practices/#least-privilege
- https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import to_power
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Power, Step

_NOBODYS = "strongroom.dev"
"""An API group that no role names: only wildcards cover it."""


def steps(world: World) -> Iterator[Step]:
    """Yield who may do everything, in a namespace or in the cluster."""
    for permission in world.holders(_NOBODYS, "anything", "anything"):
        if permission.rule.is_everything:
            what = Power.NAMESPACE_ADMIN if permission.namespace else Power.CLUSTER_ADMIN
            yield to_power(WAY.id, permission, what, "every verb on every resource")


WAY = Way("every-right", "may do everything", ("T1078",), steps)
