"""A VaultAuth has the Vault Secrets Operator log in to Vault with a token of a ServiceAccount, with the audiences that
the VaultAuth names; a VaultConnection says at which address, and the VaultStaticSecret that uses them in which
namespace the ServiceAccount is. Whoever may write all three receives the token.

## Needs

``create``, ``update`` or ``patch`` on ``vaultauths``, on ``vaultconnections``, and on ``vaultstaticsecrets``,
``vaultdynamicsecrets`` or ``vaultpkisecrets`` of ``secrets.hashicorp.com``, in a namespace.

## Exploited

A VaultConnection with one's own address, a VaultAuth with ``method: kubernetes``, the ServiceAccount that is wanted,
and the audience of the API server, and a VaultStaticSecret that names the VaultAuth: the operator logs in for it.

## Closed

Platform engineers write VaultAuth and VaultConnection; application teams write VaultStaticSecret only.

## References

- https://developer.hashicorp.com/vault/docs/deploy/kubernetes/vso/api-reference
- https://developer.hashicorp.com/vault/docs/deploy/kubernetes/vso/sources/vault/auth

Not demonstrated: the operator decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from strongroom.access.operators import may_write, unless_seen
from strongroom.access.together import together
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Power, Step, power

_GROUP = "secrets.hashicorp.com"
_USERS = ("vaultstaticsecrets", "vaultdynamicsecrets", "vaultpkisecrets")
_NOTES = ("writes vaultauths", "writes vaultconnections", "writes what uses them")


def steps(world: World) -> Iterator[Step]:
    """Yield who has the operator send tokens of a namespace to a server of his own."""
    auths, connections = may_write(world, _GROUP, "vaultauths"), may_write(world, _GROUP, "vaultconnections")
    users = chain.from_iterable(may_write(world, _GROUP, resource) for resource in _USERS)
    condition = unless_seen(world, _GROUP)
    for joint in together(auths, connections, users, world=world):
        target = power(Power.MINT_TOKENS, joint.namespace)
        yield Step(joint.source, target, WAY.id, joint.evidence(*_NOTES), condition, _NOTES[0])


WAY = Way("vault-auth-write", "has the Vault Secrets Operator log in as it", ("T1528",), steps, demonstrated=False)
