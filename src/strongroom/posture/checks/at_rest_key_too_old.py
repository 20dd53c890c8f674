"""The key that encrypts Secrets at rest has not been replaced for a long time.

## What it finds

Keys that write Secrets and whose name carries a date (`key-2024-01-15`, `key20240115`, `2024-01`) more than a year
ago, and, on a control-plane host, keys in a configuration that was last changed more than a year ago.

## Not a finding

Keys behind the first one, which only read; names without a date in a repository, where nothing tells the age.

## Why it is bad

Every copy of the file, every disk that was replaced and every administrator who has left still opens all Secrets, and
no one knows whether replacing the key works before the day on which it must.

## Instead

Replace the key at least yearly and when somebody leaves: add the new key behind the old one on every API server, then
move it to the front, write all Secrets once again, prove in etcd that none is left under the old one, and only then
take that out. A name with a date tells the next reader.

## References

- [Kubernetes: rotating a decryption key](https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/#rotating-a-decryption-key)
- [NIST SP 800-57 part 1, section 5.3: cryptoperiods](https://csrc.nist.gov/pubs/sp/800/57/pt1/r5/final)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

from strongroom.model.controlplane import EncryptionConfiguration
from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.posture.check import Check, Hit

_OLDEST_DAYS = 366
_DATE = re.compile(r"(?<!\d)(20\d\d)[-_.]?(0[1-9]|1[0-2])(?:[-_.]?(0[1-9]|[12]\d|3[01]))?(?!\d)")


def examine(configuration: EncryptionConfiguration, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for each writing key that is older than a year."""
    providers = configuration.providers_of("secrets")
    if not providers or not providers[0].keys:
        return
    key = providers[0].keys[0]
    named = date_in(key.name)
    today = facts.now.astimezone(UTC).date()
    if named is not None:
        age, why = (today - named).days, "its name says"
    else:
        changed = _changed(configuration, facts)
        if changed is None:
            return
        age, why = (today - changed).days, "the file was last changed"
    if age > _OLDEST_DAYS:
        said = f"{why} {(named or _changed(configuration, facts) or today).isoformat()}"
        yield Hit(
            f"key {key.name or 'without a name'} has written Secrets for {age} days: {said}",
            key.origin,
            configuration.resource,
            confidence=Confidence.MEDIUM if named is not None else None,
        )


def date_in(name: str) -> date | None:
    """Return the date that a name carries; the first of the month where it has no day."""
    match = _DATE.search(name)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3] or 1))
    except ValueError:  # the 31st of February
        return None


def _changed(configuration: EncryptionConfiguration, facts: Facts) -> date | None:
    origin = configuration.origin
    for file in facts.control_plane.files:
        if (file.origin.source, file.origin.path) == (origin.source, origin.path):
            return datetime.fromisoformat(file.modified).date()
    return None


CHECK = Check(
    id="at-rest-key-too-old",
    title="Key for encryption at rest has not been replaced for a long time",
    practice=Practice.AT_REST,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("CIS-1.2.28", "NSA-encryption", "PCI-3.7.4", "PCI-3.7.5"),
    over=EncryptionConfiguration,
    examine=examine,
)
