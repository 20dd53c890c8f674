"""On EKS the ConfigMap ``aws-auth`` in ``kube-system`` says which AWS identities are which users and groups. Whoever
may write it makes himself a member of ``system:masters``.

## Needs

``update`` or ``patch`` on that ConfigMap, in a cluster whose authentication mode still reads it: the sources show the
ConfigMap.

## Exploited

```yaml
mapRoles: |
  - rolearn: arn:aws:iam::111122223333:role/mine
    username: me
    groups: [system:masters]
```

## Closed

Move to EKS access entries (authentication mode ``API``), and let no role of the cluster write ConfigMaps of
``kube-system`` without ``resourceNames``.

## References

- https://docs.aws.amazon.com/eks/latest/userguide/auth-configmap.html
- https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html

Not demonstrated: what reads the ConfigMap is EKS's authenticator, which runs outside the cluster.
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.way import Way
from strongroom.access.world import World, grounds, who
from strongroom.model.access import Evidence, Power, Step, power

_NAMESPACE, _NAME = "kube-system", "aws-auth"


def steps(world: World) -> Iterator[Step]:
    """Yield who may make himself a cluster admin, where the cluster is one that reads the ConfigMap."""
    found = world.facts.find("ConfigMap", _NAMESPACE, _NAME)
    if found is None:
        return
    for permission in world.holders("", "configmaps", "update", "patch"):
        here = permission.namespace in ("", _NAMESPACE)
        if here and (not permission.names or _NAME in permission.names):
            evidence = (*grounds(permission, "writes aws-auth"), Evidence("aws-auth", found.id, found.origin))
            yield Step(who(permission), power(Power.CLUSTER_ADMIN), WAY.id, evidence, note="writes aws-auth")


WAY = Way("aws-auth-write", "maps an AWS identity to system:masters", ("T1098",), steps, demonstrated=False)
