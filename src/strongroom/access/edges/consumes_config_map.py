"""A program holds the ConfigMaps that it is given. That matters where a ConfigMap holds a value that belongs in a
Secret.

## Needs

Code that runs in a container that the ConfigMap is given to: by ``env``, ``envFrom``, or a mounted ``configMap`` or
projected volume.

## Exploited

```console
$ env; find / -xdev -path '*/..data/*' -type l
```

## Closed

Move values that are secret from ConfigMaps to Secrets; ``strongroom audit`` finds them.

## Demonstrated

The test control plane has no kubelet. The test reads the ConfigMap as the kubelet of the pod's node does in order to
give it to the container; without the reference in the pod it may not.

## References

- https://kubernetes.io/docs/concepts/configuration/configmap/
- https://kubernetes.io/docs/reference/access-authn-authz/node/
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.nodes_graph import MIRROR
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Evidence, Node, Step
from strongroom.model.origin import FieldPath
from strongroom.model.resource import as_dict, as_list, as_text, dig
from strongroom.model.workload import Workload


def steps(world: World) -> Iterator[Step]:
    """Yield which program is given which ConfigMap."""
    for code in world.code:
        resource = code.workload.resource
        if MIRROR in resource.annotations:
            continue  # a static pod, which can name none
        for name, field in dict(_given(code.workload)).items():
            evidence = (Evidence("workload", resource.id, resource.origin.at(field)),)
            yield Step(code.node, Node("ConfigMap", code.namespace, name), WAY.id, evidence)


def _given(workload: Workload) -> Iterator[tuple[str, FieldPath]]:
    """Yield the names of the ConfigMaps that any container is given, with the fields that name them."""
    mounted: set[str] = set()
    for container in workload.containers:
        for variable in container.env:
            name = as_text(as_dict(variable.value_from.get("configMapKeyRef")).get("name"))
            if name:
                yield name, variable.field
        for field, entry in container.env_from:
            name = as_text(as_dict(entry.get("configMapRef")).get("name"))
            if name:
                yield name, field
        mounted.update(as_text(mount.get("name")) for _, mount in container.mounts)
    for field, volume in workload.volumes:
        if as_text(volume.get("name")) in mounted:
            sources = [
                dig(source, ("configMap",)) for source in as_list(as_dict(volume.get("projected")).get("sources"))
            ]
            for source in (volume.get("configMap"), *sources):
                name = as_text(as_dict(source).get("name"))
                if name:
                    yield name, field


WAY = Way("consumes-config-map", "is given the ConfigMap", ("T1552.001",), steps)
