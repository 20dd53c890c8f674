"""A file that SOPS encrypts holds values that are not encrypted.

## What it finds

SOPS documents in which fields that their own rules (`encrypted_regex`, `unencrypted_suffix` and the like, recorded
under `sops:`) would have encrypted stand in plain text: somebody added or changed them without the `sops` program.
For a Kubernetes Secret, any plain value under `data` or `stringData`.

## Not a finding

Fields that the recorded rules leave in plain text (`metadata`, `kind`), empty values, comments.

## Why it is bad

The file looks encrypted, so nobody looks twice: reviews pass it, and scanners that know SOPS leave it out. The value
is as public as the repository. SOPS also refuses the file from then on, because its authentication code no longer
fits.

## Instead

Replace the value (the history keeps it), then set it with `sops set FILE '["data"]["password"]'` or `sops edit FILE`.
A pre-commit hook that runs this check stops the next one.

## References

- [SOPS: encrypting only parts of a file](https://getsops.io/docs/#encrypting-only-parts-of-a-file)
- [SOPS: message authentication code](https://getsops.io/docs/#message-authentication-code)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.file import FileFact, FileKind
from strongroom.model.finding import Confidence, Practice, Related, Severity
from strongroom.model.origin import Origin, show_path
from strongroom.posture.check import Check, Hit


def examine(fact: FileFact, facts: Facts) -> Iterator[Hit]:
    """Yield one hit for each SOPS document with plain values, at the first of them."""
    if fact.kind is not FileKind.SOPS or not fact.plaintext_fields:
        return
    first, *others = fact.plaintext_fields
    message = f"{_name(first)} is not encrypted although the file's own rules ask for it"
    if others:
        message = f"{_name(first)} and {len(others)} more are not encrypted although the file's own rules ask for it"
    yield Hit(message, first, related=tuple(Related(o, f"{_name(o)} is not encrypted") for o in others))


def _name(origin: Origin) -> str:
    return show_path(origin.field) or origin.inner or "a value"


CHECK = Check(
    id="partly-encrypted-file",
    title="Plain values in a file that SOPS encrypts",
    practice=Practice.PLAINTEXT,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("OWASP-K03", "PCI-8.6.2"),
    over=FileFact,
    examine=examine,
)
