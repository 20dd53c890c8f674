"""Members of the group ``system:masters`` pass every authorizer before RBAC is asked: no role limits them, and no
binding that is deleted stops them.

## Needs

A client certificate with the organisation ``system:masters``, or another credential that the API server reads this
group from. kubeadm makes such a certificate (``super-admin.conf``, before 1.29 ``admin.conf``); it cannot be revoked.

## Exploited

```console
$ kubectl --kubeconfig=super-admin.conf get secrets -A -o yaml
```

## Closed

Bind administrators' own group to ``cluster-admin`` and use that; keep the certificate offline for emergencies. A
leaked one ends only with its validity, or with a new certificate authority for clients.

## References

- https://kubernetes.io/docs/concepts/security/rbac-good-practices/#least-privilege
- CIS Kubernetes Benchmark 5.1.7
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.rbac_request import MASTERS
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Evidence, Node, Power, Step, power

_NOTE = "the API server lets this group do everything, whatever RBAC says"


def steps(world: World) -> Iterator[Step]:  # noqa: ARG001 - every way has the same signature
    """Yield the one step of the group."""
    evidence = (Evidence("built-in", note=_NOTE),)
    yield Step(Node("Group", "", MASTERS), power(Power.CLUSTER_ADMIN), WAY.id, evidence)


WAY = Way("system-masters", "is allowed everything", ("T1078",), steps)
