"""A Secret of the type ``kubernetes.io/service-account-token`` holds a token that does not expire: whoever reads it is
that ServiceAccount, until the Secret is deleted.

## Needs

Reading the Secret, in any way.

## Exploited

```console
$ kubectl --token "$(kubectl get secret deployer-token -n shop -o jsonpath='{.data.token}' | base64 -d)" get secrets -A
```

## Closed

The Secret is deleted, and programs ask for tokens that expire (TokenRequest); LegacyServiceAccountTokenCleanUp deletes
those of its kind that the control plane itself once made and nobody uses.

## References

- https://kubernetes.io/docs/concepts/security/service-accounts/#authenticating-credentials
- https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#legacy-serviceaccount-token-cleaner
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.operators import placed
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Evidence, Node, Step

_TYPE = "kubernetes.io/service-account-token"
_ACCOUNT = "kubernetes.io/service-account.name"


def steps(world: World) -> Iterator[Step]:
    """Yield which Secret is a credential of which ServiceAccount."""
    for secret in world.facts.of_kind("Secret"):
        account = secret.annotations.get(_ACCOUNT)
        if secret.get("type") == _TYPE and isinstance(account, str) and account:
            evidence = (Evidence("secret", secret.id, secret.origin.at(("metadata", "annotations", _ACCOUNT))),)
            source = Node("Secret", placed(secret), secret.name)
            yield Step(source, Node("ServiceAccount", placed(secret), account), WAY.id, evidence)


WAY = Way("service-account-token", "is a token of the ServiceAccount", ("T1528",), steps)
