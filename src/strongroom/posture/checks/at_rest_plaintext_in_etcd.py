"""Secrets lie in plain text in etcd.

## What it finds

Secrets whose stored bytes are not encrypted, whatever the configuration says: read from etcd itself
(`strongroom audit etcd:https://HOST:2379`), from a snapshot, or from what `etcdctl get --prefix /registry/secrets -w
json` wrote. Only the beginning of each value is looked at; the report says how many lie under which provider and key.

## Why it is bad

Encryption applies when an object is written. Everything that was there before stays readable until it is written again,
and so does all of it where one of several API servers was started without the configuration. Whoever has a snapshot
reads those Secrets.

## Instead

See that every API server has the same configuration and that its first provider encrypts, then write all Secrets once
again (`kubectl get secrets -A -o json | kubectl replace -f -`, or a StorageVersionMigration) and ask again.

## References

- [Kubernetes: ensure all secrets are encrypted](https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/#ensure-all-secrets-are-encrypted)
- [CIS Kubernetes Benchmark 1.2.28](https://www.cisecurity.org/benchmark/kubernetes)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.controlplane import EtcdContents
from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.posture.check import Check, Hit

_NAMED = 5


def examine(contents: EtcdContents, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for an etcd in which Secrets are readable."""
    counts = contents.of("secrets")
    plain = sum(count.count for count in counts if not count.stored_as.encrypted)
    if not plain:
        return
    total = sum(count.count for count in counts)
    named = ", ".join(contents.plaintext[:_NAMED])
    more = f" and {plain - _NAMED} more" if plain > _NAMED else ""
    others = "; ".join(f"{c.count} under {c.stored_as.show()}" for c in counts if c.stored_as.encrypted)
    said = f"{plain} of {total} Secrets are readable in etcd: {named}{more}"
    yield Hit(f"{said}; {others}" if others else said, contents.origin, about="secrets")


CHECK = Check(
    id="at-rest-plaintext-in-etcd",
    title="Secrets lie in plain text in etcd",
    practice=Practice.AT_REST,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-1.2.28", "NSA-encryption", "NSA-etcd", "OWASP-K03", "PCI-8.3.2"),
    over=EtcdContents,
    examine=examine,
)
