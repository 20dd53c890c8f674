"""A credential stands in a ConfigMap.

## What it finds

Every value of a ConfigMap (`data`, `binaryData`) that is recognised as a credential: by its own form (a cloud key, a
private key, a token of a known service, a password inside a URL) or by the name that it is stored under. Values that
are themselves files (properties, dotenv, INI, TOML, JSON, YAML) are opened and searched, and the finding points into
them.

## Not a finding

Names and addresses of secrets (`secretName`, `*_FILE`, `*_PATH`, `vault:...`, `$(VAR)`, `{{ ... }}`), ciphertext,
public certificates and CA bundles, checksums, identifiers, flags and numbers, URLs that hold no password, and
stand-ins such as `<password>`.

## Why it is bad

A ConfigMap is made for settings. It is not covered by encryption at rest unless the cluster's administrator names it,
RBAC rules and the built-in `view` role hand it to people and programs that may not see Secrets, and `kubectl
describe`, dashboards and backups print it in full.

## Instead

Move the value into a Secret that comes from an external store or from an encrypted file, mount it as a file, and
leave in the ConfigMap only where it is. Then replace the value: whoever could read the ConfigMap knows it.

## References

- [Kubernetes: ConfigMaps](https://kubernetes.io/docs/concepts/configuration/configmap/)
- [Kubernetes: good practices for Secrets](https://kubernetes.io/docs/concepts/security/secrets-good-practices/)
- [OWASP Kubernetes Top Ten](https://owasp.org/www-project-kubernetes-top-ten/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.place import Context, Sighting
from strongroom.posture.check import Check, Hit
from strongroom.posture.sightings import found, is_secret, kind_of, place


def examine(sighting: Sighting, facts: Facts) -> Iterator[Hit]:
    """Yield a hit where the value is a secret in a ConfigMap."""
    if is_secret(sighting, Context.CONFIG_MAP):
        yield found(sighting, f"{place(sighting)} holds {kind_of(sighting)}; a ConfigMap is readable like any setting")


CHECK = Check(
    id="secret-in-configmap",
    title="Credential in a ConfigMap",
    practice=Practice.PLAINTEXT,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("NSA-secrets", "OWASP-K03", "PCI-8.6.2"),
    over=Sighting,
    examine=examine,
)
