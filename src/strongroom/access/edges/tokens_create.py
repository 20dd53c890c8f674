"""The API server itself gives out tokens of ServiceAccounts to whoever may ask: for any audience, for as long as its
configuration allows, and without leaving an object behind.

## Needs

``create`` on ``serviceaccounts/token``. With ``resourceNames`` for the ServiceAccounts of these names; the name is
part of the request, so the limit holds. The ServiceAccount has to exist: for another the API server answers 404.

## Exploited

```console
$ kubectl create token deployer -n shop --duration=48h
```

## Closed

Leave the right to the kubelets (which have it through the Node authorizer, for the pods that they run) and to
programs that exchange tokens for a ServiceAccount that ``resourceNames`` names.

## References

- https://kubernetes.io/docs/concepts/security/rbac-good-practices/#token-request
- https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
- CIS Kubernetes Benchmark 5.1.13
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import to_accounts
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Step


def steps(world: World) -> Iterator[Step]:
    """Yield whose tokens somebody gets."""
    for permission in world.holders("", "serviceaccounts/token", "create"):
        yield from to_accounts(world, WAY.id, permission, "create serviceaccounts/token", existing=True)


WAY = Way("tokens-create", "asks for a token of the ServiceAccount", ("T1528", "T1550.001"), steps)
