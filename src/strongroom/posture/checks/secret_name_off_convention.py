"""A Secret is not named as the convention says.

## What it finds

Secrets whose name does not match the setting `name_pattern` as a whole. Only where a pattern of your own is set: by
default every name that Kubernetes accepts is right.

## Not a finding

Secrets that a controller names (certificates, tokens, Helm releases), and those of the system's own namespaces.

## Why it is bad

Policies, alerts and people go by names: a Role that names `payments-*` in `resourceNames`, a dashboard of database
credentials, the colleague who looks for what a leaked value belongs to. What is named otherwise is left out.

## Instead

Make the Secret under the right name, move its users over, and remove the old one. If the name is right, widen the
pattern in `strongroom.toml`.

## References

- [Kubernetes: object names](https://kubernetes.io/docs/concepts/overview/working-with-objects/names/)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.secret import SecretRecord
from strongroom.model.settings import Settings
from strongroom.posture.check import Check, Hit
from strongroom.posture.secret_records import is_looked_after, shown_at, written_definitions

_DEFAULT_PATTERN = Settings().name_pattern


def examine(record: SecretRecord, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for a Secret whose name does not match the user's pattern."""
    pattern = facts.settings.name_pattern
    if pattern == _DEFAULT_PATTERN or not is_looked_after(record) or re.fullmatch(pattern, record.ref.name):
        return
    definition = next(iter(written_definitions(record)), record.definitions[0])
    message = f"the name of Secret {record.ref.show()} does not match the convention {pattern}"
    yield Hit(message, shown_at(definition), definition.resource, about=record.ref.name)


CHECK = Check(
    id="secret-name-off-convention",
    title="Secret not named by the convention",
    practice=Practice.LIFECYCLE,
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    standards=("OWASP-K03",),
    over=SecretRecord,
    examine=examine,
)
