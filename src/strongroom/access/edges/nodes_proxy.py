"""The API server passes requests on to the kubelets, with its own credential, for whoever may use ``nodes/proxy``: the
kubelet's API runs commands in every container of its node. Admission does not see it, and the audit log only the
path.

## Needs

``get`` or ``create`` on ``nodes/proxy``, by a ClusterRoleBinding: ``get`` is enough, since a command is run over a
WebSocket, which begins with a GET. With ``resourceNames``, the nodes of these names. Monitoring is often given this
right; ``nodes/metrics``, ``nodes/stats`` and ``nodes/log`` do for it.

## Exploited

```console
$ websocat --header="Authorization: Bearer $TOKEN" --protocol v4.channel.k8s.io \
    "$API/api/v1/nodes/worker-1/proxy/exec/shop/web-0/web?command=env&output=1"
```

## Closed

Give monitoring ``nodes/metrics`` and ``nodes/stats``, which the kubelet tells apart since Kubernetes 1.32. Nobody
needs ``nodes/proxy``.

## Demonstrated

A stand-in for the kubelet answers: the test shows that the API server lets the request through to it, by POST and by
the GET of a WebSocket.

## References

- https://kubernetes.io/docs/concepts/security/rbac-good-practices/#access-to-proxy-subresource-of-nodes
- https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/
- https://github.com/kubernetes/kubernetes/issues/136550
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import to_power
from strongroom.access.way import Way
from strongroom.access.world import World, grounds, who
from strongroom.model.access import Node, Power, Step

_NOTE = "get or create nodes/proxy"


def steps(world: World) -> Iterator[Step]:
    """Yield who runs commands through which kubelets."""
    for permission in world.holders("", "nodes/proxy", "get", "create"):
        if permission.namespace:
            continue
        if not permission.names:
            yield to_power(WAY.id, permission, Power.ENTER_PODS, _NOTE)
        for name in permission.names:
            yield Step(who(permission), Node("Node", "", name), WAY.id, grounds(permission, _NOTE), note=_NOTE)


WAY = Way("nodes-proxy", "runs a command through the kubelet", ("T1609",), steps)
