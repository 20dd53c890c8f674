"""A Secret lives in the namespace default.

## What it finds

Secrets, and the objects that make them (ExternalSecret, SealedSecret, SOPS documents and others), whose manifest or
dump names the namespace `default`.

## Not a finding

Manifests that name no namespace: where they land is decided when they are applied. Tokens of service accounts,
bootstrap tokens and Helm's release records, which nobody places there by hand.

## Why it is bad

Everything that was applied without a thought for its namespace lands in `default`, and roles and network policies
that were written for one application there hold for all of them. A Secret in it is shared with neighbours that nobody
chose.

## Instead

A namespace for each application or team, with its own roles, network policies and Pod Security level.

## References

- [CIS Kubernetes Benchmark 5.6.1 and 5.6.4](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes: namespaces](https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.secret import SecretRecord
from strongroom.posture.check import Check, Hit

_MADE_BY_PROGRAMS = frozenset(
    {"kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token", "helm.sh/release.v1"}
)


def examine(record: SecretRecord, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for each definition of a Secret that names the namespace default."""
    if record.ref.namespace != "default" or record.type in _MADE_BY_PROGRAMS:
        return
    for definition in record.definitions:
        if definition.resource.namespace == "default":
            yield Hit(
                f"{definition.resource.kind} {record.ref.name} is in the namespace default",
                definition.origin.at(("metadata", "namespace")),
                definition.resource,
            )


CHECK = Check(
    id="secret-in-default-namespace",
    title="Secret in the namespace default",
    practice=Practice.ISOLATION,
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    standards=("CIS-5.6.4", "CIS-5.6.1", "NSA-namespaces"),
    over=SecretRecord,
    examine=examine,
)
