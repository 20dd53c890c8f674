"""A SealedSecret with the scope ``cluster-wide`` is decrypted by the controller under any name and in any namespace.
Whoever has the SealedSecret, which lies in Git for everybody, and may create SealedSecrets where he reads Secrets, has
it decrypted for himself.

## Needs

``create``, ``update`` or ``patch`` on ``sealedsecrets``, and in the same namespace ``get``, ``list`` or ``watch`` on
``secrets`` or ``create`` on pods or workloads; and the SealedSecret itself. The annotation counts on the SealedSecret,
not in its template.

## Exploited

The SealedSecret is applied as it is, with another namespace in its metadata.

## Closed

The default scope, ``strict``: it binds the ciphertext to name and namespace.

## References

- https://github.com/bitnami-labs/sealed-secrets#scopes
- ``labelFor`` in ``pkg/apis/sealedsecrets/v1alpha1`` of bitnami-labs/sealed-secrets

Not demonstrated: the controller decides. That ``kubeseal`` makes such ciphertext is tested with sealing.
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.operators import may_write, placed, receives
from strongroom.access.together import together
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import INCLUDES, Evidence, Node, Step

_GROUP = "bitnami.com"
_CLUSTER_WIDE = "sealedsecrets.bitnami.com/cluster-wide"
_NOTE = "writes sealedsecrets"


def steps(world: World) -> Iterator[Step]:
    """Yield who has the controller decrypt a cluster-wide SealedSecret where he reads the result."""
    of_group = (s for s in world.facts.of_kind("SealedSecret") if s.group == _GROUP)
    sealed = [s for s in of_group if s.annotations.get(_CLUSTER_WIDE) == "true"]
    if not sealed:
        return
    everywhere = Node("Object", "", "any SealedSecret of cluster-wide scope")
    spaces: dict[Node, None] = {}
    for joint in together(may_write(world, _GROUP, "sealedsecrets"), receives(world), world=world):
        written = Node("Object", joint.namespace, "any SealedSecret")
        spaces[written] = None
        yield Step(joint.source, written, WAY.id, joint.evidence(_NOTE, "reads what comes of them"), note=_NOTE)
    for written in spaces:
        yield Step(written, everywhere, INCLUDES)
    for found in sealed:
        evidence = (Evidence("sealed", found.id, found.origin.at(("metadata", "annotations", _CLUSTER_WIDE))),)
        yield Step(everywhere, Node("Secret", placed(found), found.name), INCLUDES, evidence)


WAY = Way("sealed-secret-write", "has the controller decrypt it elsewhere", ("T1552.007",), steps, demonstrated=False)
