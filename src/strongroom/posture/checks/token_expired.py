"""A token in a Secret has expired.

## What it finds

JSON Web Tokens in the values of Secrets, alone or in a kubeconfig, whose `exp` is past. Of several tokens in one
value the earliest end counts.

## Not a finding

Values that also hold a refresh token: what uses them asks for a new token. Tokens without an end (see
`legacy-token-secret`). Tokens that are not in the sources (ciphertext, an external store).

## Why it is bad

What uses the token has stopped working, or nothing uses it any more and nobody has cleared it away. A token that
had to be replaced by hand and was not shows that nothing rotates it.

## Instead

Ask for a new token where it was issued, and let a program do so before the next end. Remove the Secret if nothing
has missed it.

## References

- [RFC 7519, 4.1.4: expiration time](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4)
- [Kubernetes: service account tokens](https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.secret import SecretRecord
from strongroom.posture.check import Check, Hit


def examine(record: SecretRecord, facts: Facts) -> Iterator[Hit]:
    """Yield one hit for each key whose token has expired."""
    for definition in record.definitions:
        for key in definition.keys:
            end = datetime.fromisoformat(key.token.expires) if key.token and key.token.expires else None
            if end and end <= facts.now:
                message = f"the token in key {key.name} of Secret {record.ref.show()} expired on {end:%Y-%m-%d}"
                yield Hit(message, key.origin, definition.resource, value=key.fingerprint)


CHECK = Check(
    id="token-expired",
    title="Token expired",
    practice=Practice.LIFECYCLE,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("PCI-8.6.3", "OWASP-K09"),
    over=SecretRecord,
    examine=examine,
)
