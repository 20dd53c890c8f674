r"""The answer to a delete can be the object, so whoever may delete Secrets may read them.

A collection's delete answers with the list of what was deleted, values included; a delete of one Secret does where it
has to wait (``propagationPolicy=Foreground``). With ``dryRun=All`` nothing is deleted.

## Needs

The verb ``deletecollection`` on ``secrets`` (``resourceNames`` cannot limit it), or ``delete`` for the name of the
Secret.

## Exploited

```console
$ curl -X DELETE "$API/api/v1/namespaces/shop/secrets?dryRun=All" -H "Authorization: Bearer $TOKEN"
$ curl -X DELETE "$API/api/v1/namespaces/shop/secrets/db?dryRun=All&propagationPolicy=Foreground" \
    -H "Authorization: Bearer $TOKEN"
```

## Closed

Count ``delete`` and ``deletecollection`` as reads: leave them to whoever may read the Secrets, by name. Let owner
references clean up instead (the garbage collector deletes a Secret with what owns it).

## References

- https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/#deletecollection-delete-collection-of-secret
- https://kubernetes.io/docs/concepts/architecture/garbage-collection/#foreground-deletion
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import to_secrets
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Step


def steps(world: World) -> Iterator[Step]:
    """Yield who deletes which Secrets."""
    for verb in ("delete", "deletecollection"):
        for permission in world.holders("", "secrets", verb):
            yield from to_secrets(world, WAY.id, permission, f"{verb} secrets")


WAY = Way("secrets-delete", "reads the Secret in the answer to a delete", ("T1552.007",), steps)
