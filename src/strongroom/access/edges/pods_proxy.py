"""The API server passes HTTP requests on to pods and services for whoever may ask it to: from its own address, which
network policies often let through.

## Needs

``get`` or ``create`` (or the verb of another HTTP method) on ``pods/proxy`` or ``services/proxy``. Whether it reaches
a secret depends on what listens there and whom it asks for a password: the step is shown with this condition and does
not count as reach.

## Exploited

```console
$ kubectl get --raw /api/v1/namespaces/shop/pods/web-0:6060/proxy/debug/vars
$ kubectl get --raw /api/v1/namespaces/shop/services/http:web:admin/proxy/config
```

## Closed

Let every listener ask for a credential. Almost nobody needs ``pods/proxy`` or ``services/proxy``: name the services
that are meant in ``resourceNames``.

## Demonstrated

A stand-in for the pod answers: the test shows that the API server connects to it.

## References

- https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/#manually-constructing-apiserver-proxy-urls
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import into_pods, to_power
from strongroom.access.edges.pods_port_forward import LISTENS
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Power, Step

_METHODS = ("get", "create", "update", "patch", "delete")


def steps(world: World) -> Iterator[Step]:
    """Yield who sends requests to which pods through the API server."""
    for permission in world.holders("", "pods/proxy", *_METHODS):
        yield from into_pods(world, WAY.id, permission, "pods/proxy", LISTENS)
    for permission in world.holders("", "services/proxy", *_METHODS):
        yield to_power(WAY.id, permission, Power.ENTER_PODS, "services/proxy", LISTENS)


WAY = Way("pods-proxy", "sends a request to the pod through the API server", ("T1090.001",), steps)
