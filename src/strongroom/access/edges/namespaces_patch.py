"""Pod Security goes by a label of the namespace. Who may change the namespace takes the label off, and then runs the
privileged pod that it forbade: root on the node, and with it every Secret of every pod there.

## Needs

``update`` or ``patch`` on ``namespaces`` for that namespace (a RoleBinding *in* it is enough), and a right to run
pods in it: ``create`` on ``pods`` or on a workload. Where the namespace has no level, or ``privileged``, running pods
is enough, and this way adds nothing.

## Exploited

```console
$ kubectl label namespace shop pod-security.kubernetes.io/enforce=privileged --overwrite
$ kubectl run root -n shop --image=busybox --privileged -- nsenter -t 1 -m sh
```

## Closed

Teams do not change their namespace object; a pipeline does. A ValidatingAdmissionPolicy can keep these labels as they
are, and the API server's own configuration of the PodSecurity plugin sets a level that no label is needed for.

## Demonstrated

The API server refuses the privileged pod, and admits it after the label was changed. That a privileged pod is root on
its node needs a kubelet; the test reads the Secret with the credential that root finds there.

## References

- https://kubernetes.io/docs/concepts/security/rbac-good-practices/#namespace-modification
- https://kubernetes.io/docs/concepts/security/pod-security-admission/
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.admission import REFUSED, Demand
from strongroom.access.arrivals import runs_pods
from strongroom.access.together import Joint, together
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Power, Step, power


def steps(world: World) -> Iterator[Step]:
    """Yield who lifts the level of a namespace that he runs pods in."""
    for joint in together(world.holders("", "namespaces", "update", "patch"), runs_pods(world), world=world):
        for namespace in [joint.namespace] if joint.namespace else world.namespaces:
            verdict = world.admits(namespace, Demand.PRIVILEGED)
            if verdict.condition == REFUSED and _covers(joint, namespace):
                evidence = (*joint.evidence("change the namespace", "run pods in it"), *verdict.evidence)
                yield Step(joint.source, power(Power.HOST), WAY.id, evidence, note=f"in {namespace}")
                break  # one namespace is enough for every node


def _covers(joint: Joint, namespace: str) -> bool:
    return any(not permission.names or namespace in permission.names for permission in joint.parts[0])


WAY = Way("namespaces-patch", "lifts the Pod Security of a namespace", ("T1562.001", "T1611"), steps)
