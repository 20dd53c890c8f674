"""ConfigMaps are for settings, and roles such as ``view`` show them. Where one holds a value of a Secret, or a release
as Helm keeps it, whoever reads the ConfigMap reads that too.

## Needs

``get``, ``list`` or ``watch`` on ``configmaps``: in a namespace by a RoleBinding, everywhere by a ClusterRoleBinding.

## Exploited

```console
$ kubectl get configmap settings -n shop -o yaml
```

## Closed

Values stand in Secrets, and Helm's storage driver is ``secret``, its default; ``value-copy`` and ``helm-release`` tell
which ConfigMaps hold what.

## References

- https://kubernetes.io/docs/concepts/configuration/configmap/
- https://helm.sh/docs/topics/advanced/#configmap-storage-backend
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import to_power
from strongroom.access.way import Way
from strongroom.access.world import World, grounds, who
from strongroom.model.access import Node, Power, Step

_NOTE = "reads configmaps"


def steps(world: World) -> Iterator[Step]:
    """Yield who reads which ConfigMap, or any of a namespace."""
    by_name: dict[str, list[Node]] = {}
    for node in world.config_maps_in(""):
        by_name.setdefault(node.name, []).append(node)
    for permission in world.holders("", "configmaps", "get", "list", "watch"):
        if not permission.names:
            yield to_power(WAY.id, permission, Power.READ_CONFIG_MAPS, _NOTE)
        for name in permission.names:
            for target in by_name.get(name, ()):
                if permission.namespace in ("", target.namespace):
                    yield Step(who(permission), target, WAY.id, grounds(permission, _NOTE), note=_NOTE)


WAY = Way("config-maps-get", "reads the ConfigMap", ("T1552.007",), steps)
