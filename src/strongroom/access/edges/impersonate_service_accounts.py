"""Impersonating a ServiceAccount is holding its token: the API server adds its groups by itself.

## Needs

The verb ``impersonate`` on ``serviceaccounts`` in their namespace, by a RoleBinding there or a ClusterRoleBinding;
with ``resourceNames`` for the ServiceAccounts of these names. ``impersonate`` on ``users`` does not give
ServiceAccounts.

## Exploited

```console
$ kubectl get secrets -n shop -o yaml --as=system:serviceaccount:shop:deployer
```

## Closed

Name the ServiceAccounts in ``resourceNames``. Administrators who want to see what a ServiceAccount may do ask
``kubectl auth can-i --list --as``, which needs this right: give it for that hour.

## References

- https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
- https://kubernetes.io/docs/concepts/security/rbac-good-practices/#impersonate
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import to_accounts
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Step


def steps(world: World) -> Iterator[Step]:
    """Yield which ServiceAccounts somebody impersonates."""
    for permission in world.holders("", "serviceaccounts", "impersonate"):
        yield from to_accounts(world, WAY.id, permission, "impersonate serviceaccounts")


WAY = Way("impersonate-service-accounts", "impersonates a ServiceAccount", ("T1134.001", "T1078.001"), steps)
