"""Nothing says whose a Secret is.

## What it finds

Secrets whose definitions carry none of the labels or annotations of the setting `owner_labels` (by default
`app.kubernetes.io/managed-by`, `app.kubernetes.io/part-of`, `app.kubernetes.io/name`, `owner`, `team`,
`strongroom.dev/owner`).

## Not a finding

Secrets that an object owns (`ownerReferences`), that a controller makes (certificates, tokens, Helm releases), and
those of the system's own namespaces. A `secretGenerator` that was not rendered: its labels are added when it is.

## Why it is bad

When a value leaks, somebody must decide within minutes whether it can be withdrawn, and who is called at night.
Without an owner it stays valid until one is found; and nobody dares to remove it when it is no longer used.

## Instead

Label every Secret with the team that answers for it and the application that it belongs to. A policy can require
it.

## References

- [Kubernetes: recommended labels](https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/)
- [OWASP: secrets management cheat sheet](https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Audience, Confidence, Practice, Severity
from strongroom.model.secret import SecretRecord
from strongroom.posture.check import Check, Hit
from strongroom.posture.secret_records import shown_at, unmarked


def examine(record: SecretRecord, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for a Secret of which no definition names an owner."""
    definition = unmarked(record, facts.settings.owner_labels, facts)
    if definition is not None:
        message = f"no label or annotation says whose Secret {record.ref.show()} is"
        yield Hit(message, shown_at(definition), definition.resource, about=record.ref.name)


CHECK = Check(
    id="secret-without-owner",
    title="Secret without an owner",
    practice=Practice.LIFECYCLE,
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    audience=Audience.PEDANTIC,
    standards=("OWASP-K03", "PCI-8.6.1"),
    over=SecretRecord,
    examine=examine,
)
