"""Getting a Secret returns its values. A role without ``resourceNames`` covers every Secret of the namespace; those
that do not show in a list can be guessed, since most names follow a convention.

## Needs

The verb ``get`` on ``secrets``: in a namespace by a RoleBinding, everywhere by a ClusterRoleBinding.

## Exploited

```console
$ kubectl get secret db -n shop -o jsonpath='{.data.password}' | base64 -d
```

## Closed

Name the Secrets in ``resourceNames``, in a Role of the namespace. Where a program needs a Secret, mount it instead:
its ServiceAccount then needs no right to read Secrets at all.

## References

- https://kubernetes.io/docs/concepts/security/rbac-good-practices/#listing-secrets
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import to_secrets
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Step


def steps(world: World) -> Iterator[Step]:
    """Yield who gets which Secret, or any of a namespace."""
    for permission in world.holders("", "secrets", "get"):
        yield from to_secrets(world, WAY.id, permission, "get secrets")


WAY = Way("secrets-get", "reads the Secret", ("T1552.007",), steps)
