"""A program holds the Secrets that it is given, as variables and as files: whoever runs code in the container reads
them.

## Needs

Code that runs in a container that the Secret is given to: by ``env``, ``envFrom``, or a mounted ``secret`` or
projected volume. A Secret for pulling images, or a volume that no container mounts, stays with the kubelet.

## Exploited

```console
$ env; cat /proc/1/environ; find / -xdev -path '*/..data/*' -type l
```

## Closed

Give a container the keys that it needs, not whole Secrets; files rather than variables, which child processes and
crash reports inherit. What the program needs, whoever takes the program over has: rotate it then.

## Demonstrated

The test control plane has no kubelet. The test reads the Secret as the kubelet of the pod's node does in order to
give it to the container; without the reference in the pod it may not.

## References

- https://kubernetes.io/docs/concepts/configuration/secret/#using-secrets
- https://kubernetes.io/docs/reference/access-authn-authz/node/
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.nodes_graph import MIRROR
from strongroom.access.way import Way as AccessWay
from strongroom.access.world import DEFAULT, World
from strongroom.model.access import Evidence, Node, Step
from strongroom.model.secret import Consumer, Way

_GIVEN = frozenset({Way.ENV, Way.ENV_FROM, Way.VOLUME, Way.PROJECTED})


def steps(world: World) -> Iterator[Step]:
    """Yield which program is given which Secret: as its manifest says, and as its running pods were started."""
    given = [code for code in world.code if MIRROR not in code.workload.resource.annotations]  # static pods get none
    programs = {code.workload.resource.id: code.node for code in given}
    told: set[tuple[Node, Node]] = set()
    for record in world.facts.secrets:
        secret = Node("Secret", record.ref.namespace or DEFAULT, record.ref.name)
        for consumer in record.consumers:
            source = programs.get(consumer.resource)
            if source is not None and _given(consumer) and source.namespace == secret.namespace:
                told.add((source, secret))
                yield Step(source, secret, WAY.id, (_evidence(consumer),), note=consumer.way.value)
    for code in given:
        for pod in code.pods:
            for use in pod.uses:
                secret = Node("Secret", code.namespace, use.secret)
                if (code.node, secret) not in told:
                    told.add((code.node, secret))
                    note = f"container {use.container} was started with it"
                    yield Step(code.node, secret, WAY.id, (Evidence("pod", pod.id, pod.origin, note),))


def _given(consumer: Consumer) -> bool:
    return consumer.way in _GIVEN and bool(consumer.container)


def _evidence(consumer: Consumer) -> Evidence:
    return Evidence("workload", consumer.resource, consumer.origin, f"container {consumer.container}")


WAY = AccessWay("consumes-secret", "is given the Secret", ("T1552.001",), steps)
