"""A pod brings its Secrets to the node that it runs on. Who holds one node and decides where pods run brings them
there.

## Needs

A node that one controls (root on it, or its kubelet's credential), and one of: ``create`` on ``pods/binding`` or
``bindings``, which places a pod that waits; ``update`` or ``patch`` on ``nodes`` or ``nodes/status``, which keeps
pods away from all other nodes (taints, ``unschedulable``, no capacity); ``create`` on ``nodes``. Whether somebody
controls a node is not for RBAC to say: the step is shown with this condition and does not count as reach.

A kubelet's own right to write its Node is no way: the admission plugin NodeRestriction keeps it to its own, without
its taints and its labels below ``node-restriction.kubernetes.io/``.

## Exploited

```console
$ kubectl taint nodes --all --overwrite mine=yes:NoExecute && kubectl taint node worker-3 mine-
$ kubectl get --raw /api/v1/namespaces/shop/secrets/db   # as system:node:worker-3
```

## Closed

Leave writing nodes and bindings to the control plane and the node pool's own controller. Keep workloads with valuable
Secrets on nodes of their own, by a label that NodeRestriction protects.

## Demonstrated

The attacker places a waiting pod on the node that he controls, and its kubelet's credential then reads the Secret.

## References

- https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
- https://kubernetes.io/docs/reference/access-authn-authz/node/
- https://github.com/PaloAltoNetworks/rbac-police/blob/main/docs/policies.md
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import to_power
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Power, Step

_CONDITION = "if he controls a node on which the pods may run"
_RIGHTS = (
    ("pods/binding", ("create",)),
    ("bindings", ("create",)),
    ("nodes", ("create", "update", "patch")),
    ("nodes/status", ("update", "patch")),
)


def steps(world: World) -> Iterator[Step]:
    """Yield who decides on which node pods run."""
    for resource, verbs in _RIGHTS:
        for permission in world.holders("", resource, *verbs):
            note = f"{' or '.join(verbs)} {resource}"
            yield to_power(WAY.id, permission, Power.ENTER_PODS, note, _CONDITION)


WAY = Way("pods-steal", "brings pods to a node of his own", ("T1610",), steps)
