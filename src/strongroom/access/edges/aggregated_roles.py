"""An aggregated ClusterRole is filled by the control plane with the rules of all ClusterRoles that carry its label. Who
writes such a label on a ClusterRole of his own making changes what everybody has who is bound to the aggregated one.

## Needs

``create``, ``update`` or ``patch`` on ``clusterroles`` with the verb ``escalate``, and to be bound to an aggregated
ClusterRole (``admin``, ``edit``, ``view``, or one of an operator's): in a namespace for that namespace, by a
ClusterRoleBinding for the cluster. Without ``escalate`` the ClusterRole can only hold what its writer holds, also
where he does no more than add a label to it: then others may gain by it, he does not.

## Exploited

```console
$ kubectl create clusterrole mine --verb='*' --resource='*.*'
$ kubectl label clusterrole mine rbac.authorization.k8s.io/aggregate-to-view=true
```

## Closed

Leave ``escalate`` to the control plane. Review every ClusterRole with a label ``aggregate-to-…`` as part of the role
that it goes into.

## References

- https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles
- https://kubernetes.io/docs/reference/access-authn-authz/rbac/#restrictions-on-role-creation-or-update
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.together import Bound, together
from strongroom.access.way import Way
from strongroom.access.world import DEFAULT, World
from strongroom.model.access import Evidence, Power, Step, power

_GROUP = "rbac.authorization.k8s.io"


def steps(world: World) -> Iterator[Step]:
    """Yield who adds rules to an aggregated ClusterRole that he is bound to."""
    may = tuple(p for p in world.holders(_GROUP, "clusterroles", "escalate") if not p.namespace)
    if not may:
        return
    bound = Bound(world)
    writes = (p for p in world.holders(_GROUP, "clusterroles", "create", "update", "patch") if not p.namespace)
    for joint in together(may, writes, world=world):
        if not _meet(joint.parts[0][0].names, joint.parts[1][0].names):
            continue
        for binding in bound.of(joint.source):
            if binding.role is not None and binding.role.aggregates:
                space = binding.resource.namespace or DEFAULT
                target = power(Power.CLUSTER_ADMIN) if binding.cluster else power(Power.NAMESPACE_ADMIN, space)
                note = f"bound to the aggregated ClusterRole {binding.role_name}"
                own = Evidence("binding", binding.resource.id, binding.resource.origin.at(("roleRef",)), note)
                evidence = (*joint.evidence("escalate clusterroles", "write clusterroles"), own)
                yield Step(joint.source, target, WAY.id, evidence, note=note)


def _meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return not one or not other or not set(one).isdisjoint(other)


WAY = Way("aggregated-roles", "adds rules to an aggregated ClusterRole", ("T1098.006",), steps)
