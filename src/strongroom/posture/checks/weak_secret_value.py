"""A secret's value is easy to guess.

## What it finds

Values of Secrets, and secrets in other places, that are known default passwords, repeat their own name, are keyboard
runs or are too short; and stand-ins inside a Secret that work as a password once it is applied (`changeme`,
`password`).

## Not a finding

Values of a Secret whose key does not promise a password or token, stand-ins that ask to be filled in (`<password>`,
`REPLACE_ME`, empty values), stand-ins of a client secret (its service issues it, and refuses a stand-in), references,
ciphertext, settings, user names, and the copy that `kubectl apply` leaves (its original is reported).

## Why it is bad

Guessing is the first thing that an intruder inside the network does, and lists of default passwords are short.
Encryption, RBAC and audit do not help against a value that needs no reading. What was meant as a stand-in is applied
as it is more often than anyone expects.

## Instead

Let a machine make the value: at least 20 random characters from a generator (`openssl rand -base64 24`, the Password
generator of External Secrets Operator), stored where it is made. Leave required values out of the manifest, so that a
forgotten one fails.

## References

- [NIST SP 800-63B: memorized secrets](https://pages.nist.gov/800-63-4/sp800-63b.html)
- [OWASP: authentication cheat sheet](https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html)
- [CWE-1392: use of default credentials](https://cwe.mitre.org/data/definitions/1392.html)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.place import Context, Nature, Sighting
from strongroom.posture.check import Check, Hit
from strongroom.posture.sightings import is_short, is_unnamed, place


def examine(sighting: Sighting, facts: Facts) -> Iterator[Hit]:
    """Yield a hit where a secret, or a stand-in that a Secret would apply, is easy to guess."""
    if not sighting.weak or is_unnamed(sighting) or sighting.context is Context.LAST_APPLIED:
        return
    in_secret = sighting.context is Context.SECRET
    if sighting.nature is Nature.SECRET or (in_secret and sighting.nature is Nature.PLACEHOLDER):
        surely = in_secret and not is_short(sighting)
        yield Hit(
            f"{place(sighting)} is easy to guess: {sighting.weak}",
            sighting.origin,
            sighting.resource,
            severity=Severity.HIGH if surely else Severity.MEDIUM,
            value=sighting.fingerprint,
            rule=sighting.rule,
            about=sighting.origin.inner,
        )


CHECK = Check(
    id="weak-secret-value",
    title="Secret value that is easy to guess",
    practice=Practice.PLAINTEXT,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("OWASP-K03", "PCI-2.2.2", "PCI-8.3.6", "PCI-8.6.3"),
    over=Sighting,
    examine=examine,
)
