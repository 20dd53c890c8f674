"""The key that encrypts Secrets at rest is written in a file.

## What it finds

Keys in the `aescbc`, `aesgcm` and `secretbox` providers of an `EncryptionConfiguration`. In a repository it is a high
finding: whoever clones it can decrypt etcd and every backup of it. On a control-plane host, where the API server needs
the file to be, a low one.

## Not a finding

Stand-ins for a key (`<BASE64 KEY>`, `${ENCRYPTION_KEY}`, a template's action, an empty field), and `kms` providers,
whose key never leaves the key service.

## Why it is bad

Encryption is as secret as its key. A key in Git is in every clone and in the history for ever; a key on the disk next
to etcd goes into the same backup, and then protects against nothing but a stolen database file.

## Instead

A KMS v2 provider, so that the file holds only the name of a socket. Until then make the file where it is needed, from
a secret store, with mode 0600, and leave it out of backups of etcd. A key that was committed must be replaced: a new
key first in the list, all Secrets written again, the old one taken out.

## References

- [Kubernetes: encrypting confidential data at rest](https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/)
- [Kubernetes: using a KMS provider](https://kubernetes.io/docs/tasks/administer-cluster/kms-provider/)
- [CIS Kubernetes Benchmark 1.2.28](https://www.cisecurity.org/benchmark/kubernetes)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.controlplane import is_on_host
from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.place import Context, Sighting
from strongroom.posture.check import Check, Hit


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield a hit for each key that stands in a configuration, with its fingerprint."""
    keys: dict[tuple[object, ...], Sighting] = {
        (s.origin.source, s.origin.path, s.origin.document, s.origin.field): s
        for s in facts.sightings
        if s.context is Context.ENCRYPTION_KEY
    }
    for configuration in facts.control_plane.encryption:
        for key in configuration.keys:
            place = key.secret_origin
            seen = keys.get((place.source, place.path, place.document, place.field))
            if key.usable:
                host = is_on_host(place)
                where = "the file, beside the etcd that it protects" if host else "a file that is kept with the sources"
                yield Hit(
                    f"key {key.name or 'without a name'} is written in {where}",
                    place,
                    configuration.resource,
                    severity=Severity.LOW if host else None,
                    value=seen.fingerprint if seen else None,
                    rule=seen.rule if seen else "",
                )


CHECK = Check(
    id="at-rest-key-in-plain-file",
    title="Key for encryption at rest is written in a file",
    practice=Practice.AT_REST,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-1.2.28", "NSA-encryption", "OWASP-K03", "PCI-3.6.1.3", "PCI-3.6.1.4", "PCI-8.6.2"),
    over=Facts,
    examine=examine,
)
