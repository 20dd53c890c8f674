"""Programs print secrets: a start-up banner with its configuration, a failed request with its headers, a debug level.

## Needs

``get`` on ``pods/log``. Whether it reaches a secret depends on what the program prints, which no manifest shows: the
step is shown with this condition and does not count as reach.

## Exploited

```console
$ kubectl logs -n shop deploy/web --all-containers --previous | grep -iE 'password|token|authorization'
```

## Closed

Keep values out of logs where they are written (a structured logger with a list of redacted fields). Then logs may be
read by those who need them.

## Demonstrated

A stand-in for the kubelet answers with a line that holds the planted value: the test shows that the API server lets
the request through to the node.

## References

- https://owasp.org/www-project-kubernetes-top-ten/
- https://cwe.mitre.org/data/definitions/532.html
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import into_pods
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Step


def steps(world: World) -> Iterator[Step]:
    """Yield who reads the logs of which pods."""
    for permission in world.holders("", "pods/log", "get"):
        yield from into_pods(world, WAY.id, permission, "get pods/log", "if its program prints the secret")


WAY = Way("pods-log", "reads the log of a container", ("T1552.001",), steps)
