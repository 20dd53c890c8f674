r"""A controller creates the pods of a workload with its own rights, so whoever creates the workload creates the pods: a
Deployment is a pod with every Secret and ServiceAccount of the namespace, as the template says.

## Needs

``create`` on any of ``deployments``, ``replicasets``, ``statefulsets``, ``daemonsets`` (group ``apps``), ``jobs``,
``cronjobs`` (group ``batch``), ``replicationcontrollers``. A PodTemplate is no way: no controller makes pods of it.

## Exploited

```console
$ kubectl create job peek -n shop --image=busybox --dry-run=client -o json \
    | jq '.spec.template.spec += {"serviceAccountName": "deployer"}' | kubectl apply -f -
```

## Closed

As for pods: the namespace is the boundary. Admission rules that judge only pods do judge these, a moment later; the
creator then sees no error but no pod runs.

## Demonstrated

The controller manager of the test control plane makes the pod from the attacker's template; then, as for pods, the
node that the pod is bound to reads the Secret.

## References

- https://kubernetes.io/docs/concepts/security/rbac-good-practices/#workload-creation
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import CONTROLLERS, to_power
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Power, Step
from strongroom.model.rbac import Subject


def steps(world: World) -> Iterator[Step]:
    """Yield who creates workloads in which namespace."""
    seen: set[tuple[Subject, str]] = set()
    for group, resource, _ in CONTROLLERS:
        for permission in world.holders(group, resource, "create"):
            key = permission.subject, permission.namespace
            if key not in seen:  # one kind of workload is as good as another
                seen.add(key)
                yield to_power(WAY.id, permission, Power.RUN_PODS, f"create {resource}")


WAY = Way("workloads-create", "creates workloads, and with them pods", ("T1610",), steps)
