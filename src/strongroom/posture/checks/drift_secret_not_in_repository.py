"""A cluster holds a Secret that no manifest defines.

## What it finds

Given manifests and a cluster (or a dump of one that has its Namespaces too), live Secrets that no manifest defines, in
namespaces that the manifests speak of.

## Not a finding

Secrets that have an owner in the cluster, that a controller, Helm or Kubernetes makes, and those of the system's own
namespaces.

## Why it is bad

A Secret that somebody made by hand is recorded nowhere: nobody reviews it, nobody rotates it, and after the loss of the
cluster nobody can make it again.

## Instead

Describe it in the repository without its value: as an ExternalSecret, a SealedSecret or a SOPS document. Remove it if
nothing uses it.

## References

- [GitOps principles](https://opengitops.dev/)
- [External Secrets](https://external-secrets.io/latest/introduction/overview/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.resource import Resource, as_list, as_text
from strongroom.model.secret import How
from strongroom.posture.check import Check, Hit, hit
from strongroom.posture.drift import Sides
from strongroom.posture.grants import SYSTEM_NAMESPACES
from strongroom.posture.secret_records import MADE_BY_MACHINES, record_of


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield one hit for each Secret that is only live."""
    sides = Sides(facts)
    if not sides.written:
        return
    for ref, resource in sides.live.items():
        if sides.is_covered(ref.namespace) and not sides.is_written(ref) and not _is_made(resource, facts):
            yield hit(resource, ("metadata", "name"), f"no manifest defines Secret {ref.show()}, which the cluster has")


def _is_made(resource: Resource, facts: Facts) -> bool:
    """Tell whether a program made a Secret: something owns it, or something in the cluster says that it makes it."""
    if resource.namespace in SYSTEM_NAMESPACES or as_text(resource.body.get("type")) in MADE_BY_MACHINES:
        return True
    if as_list(resource.get("metadata", "ownerReferences")):
        return True
    record = record_of(resource, facts)
    return record is not None and any(definition.how is not How.SECRET for definition in record.definitions)


CHECK = Check(
    id="drift-secret-not-in-repository",
    title="Secret in the cluster that no manifest defines",
    practice=Practice.LIFECYCLE,
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    standards=("OWASP-K03",),
    over=Facts,
    examine=examine,
)
