"""A credential is written into a Helm values file.

## What it finds

Values of `values.yaml`, `values-*.yaml` and files that stand beside a chart that are recognised as a credential.

## Not a finding

Empty defaults (`password: ""`), stand-ins such as `<password>`, names of existing Secrets (`existingSecret`,
`existingSecretPasswordKey`), references that a plugin resolves (`ref+vault://...`, `vault:...`), templates (`{{ ...
}}`) and values that SOPS encrypted.

## Why it is bad

A values file is code: it lies in the repository, in its history and in every clone, and is passed around for reviews.
Helm also stores all values of every revision in its release Secret, so that whoever reads that one has the old values
too.

## Instead

Let the chart take the name of an existing Secret (`existingSecret`) that an operator fills from an external store, or
keep secret values in a file of their own, encrypted with SOPS and read by helm-secrets or by the delivery tool. Then
replace the value.

## References

- [Helm: values files](https://helm.sh/docs/chart_template_guide/values_files/)
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
    """Yield a hit where a Helm value is a secret."""
    if is_secret(sighting, Context.HELM_VALUES):
        name = show_path(sighting.origin.field) or sighting.name
        yield found(sighting, f"value {name} is {kind_of(sighting)} in plain text")


CHECK = Check(
    id="secret-in-helm-values",
    title="Credential in a Helm values file",
    practice=Practice.PLAINTEXT,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("OWASP-K03", "PCI-8.6.2"),
    over=Sighting,
    examine=examine,
)
