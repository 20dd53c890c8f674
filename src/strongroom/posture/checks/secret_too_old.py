"""A Secret has not changed for longer than the settings allow.

## What it finds

Secrets whose contents last changed more than `max_secret_age_days` ago (by default 90). The time comes from marks
of rotation (`strongroom.dev/rotated-at`, `last-rotated` and the like), from `managedFields`, else from
`creationTimestamp`: it is known for objects of a cluster or its dump, and for manifests that carry a mark.

## Not a finding

Secrets without any time. Secrets whose values are all public, or that hold a certificate, which has an end of its
own (see `certificate-expiring`). Tokens and releases that machines make, the system's own namespaces, and Secrets
that certainly were never changed since they were made (see `secret-never-rotated`).

## Why it is bad

The longer a value lives, the more copies of it there are: in backups, shells, chats, images, laptops of former
colleagues. Age is also what shows that the way to rotate it was never tried.

## Instead

Rotate it, and write down when (`strongroom.dev/rotated-at`). Let a store or an operator rotate what it can, and
prefer credentials with an end: database leases, workload identity.

## References

- [PCI DSS v4.0, 8.6.3](https://www.pcisecuritystandards.org/document_library/)
- [OWASP: secrets management cheat sheet, rotation](https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html)
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
    """Yield a hit for a Secret that is too old."""
    if not ages(resource, facts) or never_changed(resource):
        return
    change, made = last_change(resource), created(resource)
    if change and is_too_old(change[0], facts):
        since, evidence = change
        yield hit(
            resource,
            age_field(resource, evidence),
            _message(resource, f"last changed on {since:%Y-%m-%d}", evidence, facts),
        )
    elif made and not change and is_too_old(made, facts):
        # What was made then may have been changed since: nothing here would tell.
        message = _message(resource, f"made on {made:%Y-%m-%d}", "no later change is known", facts)
        yield hit(resource, age_field(resource, ""), message, confidence=Confidence.MEDIUM)


def _message(resource: Resource, what: str, evidence: str, facts: Facts) -> str:
    return f"{resource.id.show()} was {what} ({evidence}), longer ago than {facts.settings.max_secret_age_days} days"


CHECK = Check(
    id="secret-too-old",
    title="Secret older than the settings allow",
    practice=Practice.LIFECYCLE,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("PCI-8.6.3", "OWASP-K03"),
    over=Resource,
    examine=examine,
)
