"""The encryption configuration does not cover Secrets.

## What it finds

An `EncryptionConfiguration` none of whose entries names `secrets`, all of the core group (`*.`) or everything (`*.*`).

## Not a finding

Configurations that name nothing but custom resources: other API servers read the same kind for their own.

## Why it is bad

What no entry names is written in plain text. The API server starts, the flag is set and a compliance scan is satisfied,
while every Secret lies readable in etcd and in its backups.

## Instead

Name `secrets` in the first entry, with whatever else of yours holds credentials (custom resources, ConfigMaps of
legacy applications), then write all Secrets once again.

## References

- [Kubernetes: encrypting confidential data at rest](https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/#understanding-the-encryption-at-rest-configuration)
- [CIS Kubernetes Benchmark 1.2.28](https://www.cisecurity.org/benchmark/kubernetes)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.controlplane import EncryptionConfiguration
from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.posture.check import Check, Hit


def examine(configuration: EncryptionConfiguration, facts: Facts) -> Iterator[Hit]:
    """Yield a hit where no entry serves Secrets."""
    if configuration.providers_of("secrets"):
        return
    named = sorted({name for rule in configuration.rules for name in rule.resources})
    if named and all(_is_custom(name) for name in named):
        return
    said = f"only {', '.join(named[:5])} and no secrets are encrypted" if named else "nothing is encrypted"
    yield Hit(said, configuration.origin.at(("resources",)), configuration.resource)


def _is_custom(name: str) -> bool:
    """Tell whether a resource is none of Kubernetes' own, whose groups have no dot or end with ``.k8s.io``."""
    _, _, group = name.partition(".")
    return "." in group and not group.endswith(".k8s.io")


CHECK = Check(
    id="at-rest-leaves-out-secrets",
    title="Encryption configuration does not cover Secrets",
    practice=Practice.AT_REST,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-1.2.28", "NSA-encryption", "OWASP-K03", "PCI-8.3.2"),
    over=EncryptionConfiguration,
    examine=examine,
)
