"""The encryption configuration writes Secrets in plain text.

## What it finds

An `EncryptionConfiguration` whose providers for `secrets` begin with `identity`: the first provider writes, the others
only read.

## Not a finding

`identity` after another provider, which lets the API server read what was written before encryption was turned on; and
`identity` for other resources (`events`), the documented way to leave them out of `*.*`.

## Why it is bad

The file, the keys and the flag are there, and every Secret still goes to etcd readable. It is the state in which a
migration back was begun and never ended, or in which two lines were exchanged; nothing else shows it.

## Instead

Put the provider that encrypts first and `identity` last, restart every API server, write all Secrets once again
(`kubectl get secrets -A -o json | kubectl replace -f -`), then take `identity` out.

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
    """Yield a hit where the provider that writes Secrets does not encrypt."""
    providers = configuration.providers_of("secrets")
    if providers and providers[0].kind == "identity":
        others = ", ".join(dict.fromkeys(p.kind for p in providers[1:] if p.kind != "identity"))
        only = f"; {others} only reads what is left" if others else ", which encrypts nothing"
        yield Hit(f"Secrets are written by identity{only}", providers[0].origin, configuration.resource)


CHECK = Check(
    id="at-rest-identity-first",
    title="Encryption configuration writes Secrets in plain text",
    practice=Practice.AT_REST,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-1.2.28", "NSA-encryption", "OWASP-K03", "PCI-8.3.2"),
    over=EncryptionConfiguration,
    examine=examine,
)
