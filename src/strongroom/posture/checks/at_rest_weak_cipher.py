"""Secrets are encrypted at rest with a cipher that the documentation advises against.

## What it finds

An `EncryptionConfiguration` that writes Secrets with `aescbc`, or with `aesgcm` under a key from the file.

## Not a finding

Either of them after the first provider: there they only read what was written before the change.

## Why it is bad

`aescbc` does not authenticate what it encrypts: who can write to etcd can change stored objects and use the API
server's answers to decrypt them (padding oracle). `aesgcm` with one key fails by repeated nonces and must be given a
new key every 200,000 writes, which nothing here counts; a busy cluster is there within weeks.

## Instead

A KMS v2 provider, or `secretbox` with a key of 32 random bytes as the first provider; keep the old one behind it until
all Secrets were written again.

## References

- [Kubernetes: providers](https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/#providers)
- [CIS Kubernetes Benchmark 1.2.28](https://www.cisecurity.org/benchmark/kubernetes)
- [NIST SP 800-38D section 8.3: constraints on the number of invocations](https://csrc.nist.gov/pubs/sp/800/38/d/final)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.controlplane import EncryptionConfiguration
from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.posture.check import Check, Hit

_WEAK = {
    "aescbc": "aescbc, which does not notice changed ciphertext",
    "aesgcm": "aesgcm, whose key must be replaced every 200,000 writes",
}


def examine(configuration: EncryptionConfiguration, facts: Facts) -> Iterator[Hit]:
    """Yield a hit where the provider that writes Secrets is a weak one."""
    providers = configuration.providers_of("secrets")
    if providers and providers[0].kind in _WEAK:
        first = providers[0]
        yield Hit(f"Secrets are written with {_WEAK[first.kind]}", first.origin, configuration.resource)


CHECK = Check(
    id="at-rest-weak-cipher",
    title="Secrets are encrypted at rest with a weak cipher",
    practice=Practice.AT_REST,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("CIS-1.2.28", "NSA-encryption", "OWASP-K03"),
    over=EncryptionConfiguration,
    examine=examine,
)
