"""A PersistentVolume may be a folder of the node (``hostPath``, ``local``). Pod Security forbids such a volume in a
pod, but not a claim that is bound to one: the pod then reads the Secrets of all pods below ``/var/lib/kubelet``.

## Needs

``create`` on ``persistentvolumes``, by a ClusterRoleBinding; in a namespace ``create`` on ``persistentvolumeclaims``
and a right to run pods. Where Pod Security enforces ``restricted`` the pod is not root, and root's files stay closed
to it: the step is then shown with this condition and does not count as reach.

## Exploited

```yaml
kind: PersistentVolume
spec:
  hostPath: {path: /var/lib/kubelet}
  claimRef: {namespace: shop, name: mine}
```

## Closed

Only the storage driver's own ServiceAccount creates PersistentVolumes; teams create claims. A
ValidatingAdmissionPolicy that refuses ``spec.hostPath`` and ``spec.local`` closes it for everybody else.

## Demonstrated

In a namespace at the level ``baseline`` the API server refuses a pod with a hostPath volume and admits one with the
claim. That the kubelet then mounts the folder needs a kubelet; the test reads the Secret with the credential in it.

## References

- https://kubernetes.io/docs/concepts/security/rbac-good-practices/#persistent-volume-creation
- https://kubernetes.io/docs/concepts/security/pod-security-standards/
- CIS Kubernetes Benchmark 5.1.9
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.admission import REFUSED, Demand
from strongroom.access.arrivals import runs_pods
from strongroom.access.together import together
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Power, Step, power

_NOT_ROOT = "if root's files can be read by others"


def steps(world: World) -> Iterator[Step]:
    """Yield who mounts folders of the nodes through a claim."""
    creates = (p for p in world.holders("", "persistentvolumes", "create") if not p.namespace)
    claims = world.holders("", "persistentvolumeclaims", "create")
    for joint in together(creates, claims, runs_pods(world), world=world):
        verdict = world.admits(joint.namespace, Demand.ROOT)
        condition = _NOT_ROOT if verdict.condition == REFUSED else verdict.condition
        evidence = joint.evidence("create persistentvolumes", "create persistentvolumeclaims", "run pods")
        note = f"in {joint.namespace}" if joint.namespace else ""
        yield Step(joint.source, power(Power.HOST), WAY.id, (*evidence, *verdict.evidence), condition, note)


WAY = Way("persistent-volumes", "mounts a folder of the node through a claim", ("T1611",), steps)
