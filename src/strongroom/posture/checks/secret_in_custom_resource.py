"""A credential is written into a field of a custom resource.

## What it finds

Fields of custom resources, and of other objects that are made for settings, that are recognised as a credential: the
password in a database operator's object, the values of a HelmRelease or of an Argo CD Application, a token in a
SecretStore.

## Not a finding

Fields that name a Secret or a key of it (`secretKey`, `secretName`, `secretRef`, `remoteRef.key`), paths in an
external store, the `encryptedData` of a SealedSecret, values that SOPS encrypted, templates that an operator fills
in, CA bundles, the schemas of CustomResourceDefinitions.

## Why it is bad

Only Secrets are treated as secret: other objects are not encrypted at rest by default, are readable with the rights
that people are given for their daily work, and are written to logs and status fields by their operators.

## Instead

Almost every operator takes a reference to a Secret (`passwordSecretRef`, `existingSecret`, `valuesFrom`): use it.
Then replace the value.

## References

- [Kubernetes: encrypting confidential data at rest](https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/)
- [Kubernetes: good practices for Secrets](https://kubernetes.io/docs/concepts/security/secrets-good-practices/)
- [OWASP Kubernetes Top Ten](https://owasp.org/www-project-kubernetes-top-ten/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.origin import show_path
from strongroom.model.place import Context, Sighting
from strongroom.posture.check import Check, Hit
from strongroom.posture.sightings import found, is_secret, kind_of


def examine(sighting: Sighting, facts: Facts) -> Iterator[Hit]:
    """Yield a hit where a field of an object that is no Secret, ConfigMap or pod template is a secret."""
    if is_secret(sighting, Context.CUSTOM):
        field = show_path(sighting.origin.field) + (f" ({sighting.origin.inner})" if sighting.origin.inner else "")
        yield found(sighting, f"{field} holds {kind_of(sighting)} in plain text")


CHECK = Check(
    id="secret-in-custom-resource",
    title="Credential in a field of a custom resource",
    practice=Practice.PLAINTEXT,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("NSA-secrets", "OWASP-K03", "PCI-8.6.2"),
    over=Sighting,
    examine=examine,
)
