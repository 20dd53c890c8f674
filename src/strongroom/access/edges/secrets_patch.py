r"""The answer to a patch is the whole object, so an empty patch of a Secret reads it, without ``get``.

With ``dryRun=All`` nothing is changed, and whoever looks for ``get`` and ``list`` in the audit log does not see it.

## Needs

The verb ``patch`` on ``secrets``, for the name of the Secret; a strategic merge, merge or JSON patch. ``update`` is
no way: its answer holds what the caller sent.

## Exploited

```console
$ curl -X PATCH "$API/api/v1/namespaces/shop/secrets/db?dryRun=All" \
    -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/merge-patch+json' -d '{}'
```

## Closed

Count ``patch`` as a read. A program that only writes Secrets needs ``create`` and ``update``; limit both to the names
that it writes.

## References

- https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/#patch-partially-update-the-specified-secret
- https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import to_secrets
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Step


def steps(world: World) -> Iterator[Step]:
    """Yield who patches which Secrets."""
    for permission in world.holders("", "secrets", "patch"):
        yield from to_secrets(world, WAY.id, permission, "patch secrets")


WAY = Way("secrets-patch", "reads the Secret by an empty patch", ("T1552.007",), steps)
