"""Attaching to a container gives its output, and its input where it reads any: a shell that waits for its user takes
commands from whoever attaches.

## Needs

``create`` on ``pods/attach`` (before Kubernetes 1.35 ``get`` too, as for ``pods/exec``). It is reach where a
container has ``stdin: true``; else it shows what the program prints from then on, and reaches a secret only if that
does.

## Exploited

```console
$ kubectl attach -n shop debug -c shell -i -t
```

## Closed

Treat ``pods/attach`` as ``pods/exec``. Run nothing in a cluster that waits for commands on its input.

## Demonstrated

A stand-in for the kubelet answers: the test shows that the API server lets the request through to the node.

## References

- https://kubernetes.io/docs/concepts/security/rbac-good-practices/
- https://kubernetes.io/docs/reference/generated/kubectl/kubectl-commands#attach
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import into_pods
from strongroom.access.code import Code
from strongroom.access.edges.pods_exec import WEBSOCKET
from strongroom.access.rbac import Permission
from strongroom.access.way import Way
from strongroom.access.world import World, grounds, who
from strongroom.model.access import Evidence, Node, Step

_PRINTS = "if its program prints the secret"
_WAITING = Node("Pod", "", "* that reads its input")


def steps(world: World) -> Iterator[Step]:
    """Yield who attaches to which pods: with input as a step, to output alone only if it prints the secret."""
    waiting = [code for code in world.code if _reads_input(code)]
    asked = False
    for permission in world.holders("", "pods/attach", "create", "get"):
        old = "" if permission.rule.has_verb("create") else WEBSOCKET
        if waiting and not permission.names and not permission.namespace:
            asked = True
            yield Step(who(permission), _WAITING, WAY.id, grounds(permission, "pods/attach"), old, "attach to any pod")
        elif waiting:
            yield from _to(world, permission, old)
        yield from into_pods(world, WAY.id, permission, "attach to pods", old or _PRINTS)
    if asked:
        for code in waiting:
            yield Step(_WAITING, code.node, WAY.id, _stdin(code), note="stdin: true")


def _to(world: World, permission: Permission, condition: str) -> Iterator[Step]:
    if permission.names:
        codes = world.code_of_pods(permission.namespace, permission.names)
    else:
        codes = iter(world.code_in(permission.namespace))
    for code in codes:
        if _reads_input(code):
            evidence = (*grounds(permission, "pods/attach"), *_stdin(code))
            yield Step(who(permission), code.node, WAY.id, evidence, condition, "attach to its input")


def _reads_input(code: Code) -> bool:
    return any(container.body.get("stdin") is True for container in code.workload.containers)


def _stdin(code: Code) -> tuple[Evidence, ...]:
    resource = code.workload.resource
    return tuple(
        Evidence("workload", resource.id, resource.origin.at((*container.field, "stdin")), "stdin: true")
        for container in code.workload.containers
        if container.body.get("stdin") is True
    )


WAY = Way("pods-attach", "attaches to a container", ("T1609",), steps)
