"""A forwarded port is a connection from inside the pod: to a debug endpoint on localhost, an admin page that trusts its
own pod, a database without a password. Network policies do not stop it.

## Needs

``create`` on ``pods/portforward`` (before Kubernetes 1.35 ``get`` too, as for ``pods/exec``). Whether it reaches a
secret depends on what listens in the pod and whom it asks for a password: the step is shown with this condition and
does not count as reach.

## Exploited

```console
$ kubectl port-forward -n shop web-0 6060 & curl -s localhost:6060/debug/vars
```

## Closed

Let every listener ask for a credential, on localhost too. Give ``pods/portforward`` by name or for an incident.

## Demonstrated

A stand-in for the kubelet answers: the test shows that the API server lets the request through to the node.

## References

- https://kubernetes.io/docs/tasks/access-application-cluster/port-forward-access-application-cluster/
- https://hub.armosec.io/docs/c-0063
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import into_pods
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Step

LISTENS = "if what listens there gives it without asking"


def steps(world: World) -> Iterator[Step]:
    """Yield who forwards ports of which pods."""
    for permission in world.holders("", "pods/portforward", "create", "get"):
        yield from into_pods(world, WAY.id, permission, "pods/portforward", LISTENS)


WAY = Way("pods-port-forward", "connects to a port of the pod", ("T1090.001",), steps)
