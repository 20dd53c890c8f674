"""Secrets are encrypted at rest through the deprecated KMS v1.

## What it finds

A `kms` provider in an `EncryptionConfiguration` without `apiVersion: v2`; without any, v1 is meant.

## Why it is bad

KMS v1 has been deprecated since Kubernetes 1.28 and is off unless asked for since 1.29: an upgrade that drops it leaves
an API server that cannot read its Secrets. It calls the key service for every Secret, so that a restart of a large
cluster takes minutes, and nobody can tell which key a stored object needs.

## Instead

A plugin that speaks KMS v2 and a provider with `apiVersion: v2` in front of the old one; write all Secrets once again,
prove that none is left under v1, then take it out.

## References

- [Kubernetes: using a KMS provider](https://kubernetes.io/docs/tasks/administer-cluster/kms-provider/)
- [KEP-3299: KMS v2 improvements](https://github.com/kubernetes/enhancements/tree/master/keps/sig-auth/3299-kms-v2-improvements)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.controlplane import EncryptionConfiguration
from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.posture.check import Check, Hit


def examine(configuration: EncryptionConfiguration, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for each KMS v1 provider; one that only reads is the rest of a migration."""
    for rule in configuration.rules:
        for index, provider in enumerate(rule.providers):
            if provider.kind == "kms" and provider.kms_version == "v1":
                does = "writes" if index == 0 else "still reads"
                yield Hit(
                    f"KMS plugin {provider.name or 'without a name'} {does} by KMS v1",
                    provider.origin,
                    configuration.resource,
                    severity=None if index == 0 else Severity.LOW,
                )


CHECK = Check(
    id="at-rest-kms-v1",
    title="Secrets are encrypted at rest through the deprecated KMS v1",
    practice=Practice.AT_REST,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("CIS-1.2.28", "NSA-encryption", "OWASP-K03"),
    over=EncryptionConfiguration,
    examine=examine,
)
