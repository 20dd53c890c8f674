"""A credential is written into a manifest as the value of an environment variable.

## What it finds

Every `env[].value` of a container, of any object that runs pods, that is recognised as a credential.

## Not a finding

Variables that only say where the secret is (`*_FILE`, `*_PATH`, `*_SECRET_NAME`), references that are resolved later
(`$(VAR)`, `${VAR}`, `vault:...`, `op://...`), public certificates, flags, numbers and stand-ins such as `<password>`.

## Why it is bad

Everyone who may read the workload, its ReplicaSets or its pods reads the value: RBAC on Secrets does not count, and
encryption at rest does not cover it. It stays in every old revision and in the history of the repository, and a new
value needs a new manifest.

## Instead

Store the value in a Secret that comes from an external store or from an encrypted file and mount it as a file. Where
the program can read nothing but its environment, use `valueFrom.secretKeyRef`. Then replace the value.

## References

- [CIS Kubernetes Benchmark 5.4.1](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes: good practices for Secrets](https://kubernetes.io/docs/concepts/security/secrets-good-practices/)
- [OWASP Kubernetes Top Ten](https://owasp.org/www-project-kubernetes-top-ten/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.place import Context, Sighting
from strongroom.posture.check import Check, Hit
from strongroom.posture.sightings import found, is_secret, kind_of


def examine(sighting: Sighting, facts: Facts) -> Iterator[Hit]:
    """Yield a hit where the literal value of a variable is a secret."""
    if is_secret(sighting, Context.ENV):
        yield found(sighting, f"variable {sighting.name} is set to {kind_of(sighting)} in plain text")


CHECK = Check(
    id="secret-in-env-literal",
    title="Credential written into a manifest as an environment variable",
    practice=Practice.PLAINTEXT,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-5.4.1", "NSA-secrets", "OWASP-K03", "PCI-8.6.2"),
    over=Sighting,
    examine=examine,
)
