"""A PushSecret has the External Secrets Operator send a Secret of its namespace to a store. Whoever may write
PushSecrets and stores sends any Secret of the namespace to a server of his own.

## Needs

``create``, ``update`` or ``patch`` on ``pushsecrets`` and on ``secretstores`` of a namespace. Cluster-wide:
``clusterpushsecrets`` and ``clustersecretstores``.

## Exploited

A SecretStore whose provider is one's own Vault or a webhook, and a PushSecret that names the Secret.

## Closed

Roles for application teams hold ``externalsecrets`` only. The chart's value ``processPushSecret: false`` switches the
feature off where nobody uses it.

## References

- https://external-secrets.io/latest/api/pushsecret/
- https://external-secrets.io/latest/guides/threat-model/

Not demonstrated: the operator decides.
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.operators import may_write, unless_seen
from strongroom.access.together import together
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Power, Step, power

_GROUP = "external-secrets.io"
_PAIRS = (("pushsecrets", "secretstores"), ("clusterpushsecrets", "clustersecretstores"))


def steps(world: World) -> Iterator[Step]:
    """Yield who has the operator send the Secrets of a namespace away."""
    condition = unless_seen(world, _GROUP)
    for pushed, stores in _PAIRS:
        for joint in together(may_write(world, _GROUP, pushed), may_write(world, _GROUP, stores), world=world):
            evidence = joint.evidence(f"writes {pushed}", f"writes {stores}")
            target = power(Power.READ_SECRETS, joint.namespace)
            yield Step(joint.source, target, WAY.id, evidence, condition, f"writes {pushed} and {stores}")


WAY = Way("push-secret-write", "has the External Secrets Operator send it away", ("T1567",), steps, demonstrated=False)
