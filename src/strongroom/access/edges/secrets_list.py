"""Listing Secrets returns them whole, values included: ``list`` is ``get`` of everything, names unknown before.

## Needs

The verb ``list`` on ``secrets``: in a namespace by a RoleBinding, everywhere by a ClusterRoleBinding. A rule with
``resourceNames`` still allows the list that selects one of these names, and so reads that Secret.

## Exploited

```console
$ kubectl get --raw /api/v1/namespaces/shop/secrets
$ kubectl get --raw '/api/v1/namespaces/shop/secrets?fieldSelector=metadata.name=db'   # with resourceNames
```

## Closed

No role for people or programs needs ``list`` on Secrets where it knows the names that it wants: ``get`` with
``resourceNames`` is enough. To see which Secrets there are, a program asks for their metadata, but the API server
knows no right for that alone: give such a program its own namespace.

## References

- https://kubernetes.io/docs/concepts/security/rbac-good-practices/#listing-secrets
- https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import to_secrets
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Step


def steps(world: World) -> Iterator[Step]:
    """Yield who lists which Secrets."""
    for permission in world.holders("", "secrets", "list"):
        yield from to_secrets(world, WAY.id, permission, "list secrets")


WAY = Way("secrets-list", "lists Secrets with their values", ("T1552.007",), steps)
