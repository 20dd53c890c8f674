"""A command in a container sees what its program sees: files, variables, the token, what other services answer it.

## Needs

``create`` on ``pods/exec``. Before Kubernetes 1.35, ``get`` was enough too: a WebSocket begins with a GET, and the
API server asked for no more. Since then it asks for ``create`` in both cases, unless the feature gate
``AuthorizePodWebsocketUpgradeCreatePermission`` was turned off. With ``resourceNames``, the pods of these names.

## Exploited

```console
$ kubectl exec -n shop web-0 -- sh -c 'env; cat /var/run/secrets/kubernetes.io/serviceaccount/token'
```

## Closed

Give ``pods/exec`` to nobody for good; give it for an incident, by a RoleBinding that is taken away again. Images
without a shell make it harder and do not close it.

## Demonstrated

A stand-in for the kubelet answers: the test shows that the API server lets the request through to the node, by POST
and, with the gate turned off, by the GET of a WebSocket.

## References

- https://kubernetes.io/docs/concepts/security/rbac-good-practices/
- https://github.com/kubernetes/kubernetes/issues/78741
- https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import into_pods
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Step

WEBSOCKET = "before Kubernetes 1.35"
"""The condition under which ``get`` on a streaming subresource is enough."""


def steps(world: World) -> Iterator[Step]:
    """Yield who runs commands in which pods."""
    for permission in world.holders("", "pods/exec", "create"):
        yield from into_pods(world, WAY.id, permission, "create pods/exec")
    for permission in world.holders("", "pods/exec", "get"):
        if not permission.rule.has_verb("create"):
            yield from into_pods(world, WAY.id, permission, "get pods/exec", WEBSOCKET)


WAY = Way("pods-exec", "runs a command in a container", ("T1609",), steps)
