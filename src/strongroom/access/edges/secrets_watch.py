"""Watching Secrets returns them whole: the stream begins with every Secret that exists, and goes on with every change.

## Needs

The verb ``watch`` on ``secrets``. A rule with ``resourceNames`` still allows the watch that selects one of these
names. ``list`` is not needed: a watch without a resource version starts from nothing and tells of every object.

## Exploited

```console
$ kubectl get --raw '/api/v1/namespaces/shop/secrets?watch=true'
```

## Closed

Take ``watch`` away together with ``list``: roles that allow one without the other protect nothing.

## References

- https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-watch
- https://github.com/kubernetes/kubernetes/issues/110850
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import to_secrets
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Step


def steps(world: World) -> Iterator[Step]:
    """Yield who watches which Secrets."""
    for permission in world.holders("", "secrets", "watch"):
        yield from to_secrets(world, WAY.id, permission, "watch secrets")


WAY = Way("secrets-watch", "watches Secrets with their values", ("T1552.007",), steps)
