"""Nothing says which version of its value a Secret holds.

## What it finds

Secrets whose definitions carry none of the labels or annotations of the setting `version_labels` (by default
`app.kubernetes.io/version`, `version`, `strongroom.dev/version`).

## Not a finding

Secrets whose name holds a version (`database-v3`, the hash of a `secretGenerator`), that are `immutable`, that are
read from an external store, which keeps the versions itself, that a controller makes, or that an object owns.

## Why it is bad

After a rotation one has to know which pods run with the new value and which still with the old one, and what to go
back to. Without a version the only way to compare is to look at the values.

## Instead

Raise a label with every change (`strongroom.dev/version: "4"`), or make a new immutable Secret under a new name.

## References

- [Kubernetes: immutable Secrets](https://kubernetes.io/docs/concepts/configuration/secret/#secret-immutable)
- [Kubernetes: recommended labels](https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Audience, Confidence, Practice, Severity
from strongroom.model.secret import How, SecretRecord
from strongroom.posture.check import Check, Hit
from strongroom.posture.secret_records import shown_at, unmarked

_IN_STORE = frozenset({How.EXTERNAL_SECRET, How.SECRET_PROVIDER_CLASS})
_VERSION_IN_NAME = re.compile(r".*[-.]v?[0-9]+(\.[0-9]+)*")


def examine(record: SecretRecord, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for a Secret of which no definition names a version."""
    if _VERSION_IN_NAME.fullmatch(record.ref.name):
        return
    if any(d.immutable or d.how in _IN_STORE for d in record.definitions):
        return
    definition = unmarked(record, facts.settings.version_labels, facts)
    if definition is not None:
        message = f"no label, annotation or name says which version Secret {record.ref.show()} holds"
        yield Hit(message, shown_at(definition), definition.resource, about=record.ref.name)


CHECK = Check(
    id="secret-without-version",
    title="Secret without a version",
    practice=Practice.LIFECYCLE,
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    audience=Audience.PEDANTIC,
    standards=("OWASP-K03", "PCI-8.6.3"),
    over=SecretRecord,
    examine=examine,
)
