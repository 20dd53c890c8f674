"""A Secret still holds the value that it was made with.

## What it finds

Secrets older than `max_secret_age_days` (by default 90) whose data certainly never changed: the last change that
`managedFields` or a mark of rotation tells of is the creation itself, give or take five minutes.

## Not a finding

Secrets of which no change is known either way (see `secret-too-old`), younger ones, Secrets whose values are all
public or that hold a certificate, tokens and releases that machines make, the system's own namespaces.

## Why it is bad

A credential that was never rotated is one that nobody knows how to rotate: what uses it, in which order to change
it, and what breaks. The day on which it must be done is the day on which it has leaked.

## Instead

Rotate it once by hand and write the steps down, then let a program do it: at the latest then it is known who uses
it.

## References

- [PCI DSS v4.0, 8.6.3](https://www.pcisecuritystandards.org/document_library/)
- [Kubernetes: managed fields](https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.inventory.rotation_marks import created, last_change
from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.resource import Resource
from strongroom.posture.ages import age_field, ages, is_too_old, never_changed
from strongroom.posture.check import Check, Hit, hit


def examine(resource: Resource, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for an old Secret that never changed."""
    made, change = created(resource), last_change(resource)
    if made and change and is_too_old(made, facts) and never_changed(resource) and ages(resource, facts):
        message = f"{resource.id.show()} holds the value that it was made with on {made:%Y-%m-%d} ({change[1]})"
        yield hit(resource, age_field(resource, ""), message)


CHECK = Check(
    id="secret-never-rotated",
    title="Secret never changed since it was made",
    practice=Practice.LIFECYCLE,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("PCI-8.6.3", "OWASP-K03"),
    over=Resource,
    examine=examine,
)
