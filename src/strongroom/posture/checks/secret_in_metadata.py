"""A credential stands in an annotation or a label.

## What it finds

- annotations and labels whose value is recognised as a credential;
- credentials in `kubectl.kubernetes.io/last-applied-configuration`, the copy of the manifest that `kubectl apply`
  leaves in the object: the values of a Secret, but also those of a ConfigMap or of a container's environment. Where
  the object still holds the same value itself, the copy is a medium finding; where the copy is the only place left, a
  high one.

## Not a finding

References for injectors and operators (`vault.hashicorp.com/agent-inject-secret-...`, names of Secrets, paths),
checksums such as `checksum/secret`, and encrypted values inside the copy that `kubectl apply` leaves of a
SealedSecret.

## Why it is bad

Metadata is meant to be read: watchers that ask for metadata only, dashboards, event logs and inventories copy it.
Tools that hide the values of a Secret do not hide its annotations, and the copy of `kubectl apply` keeps the old
value until the next `apply`, even when the value was changed or encrypted meanwhile.

## Instead

Use server-side apply (`kubectl apply --server-side`), which leaves no copy, or `kubectl create` and `kubectl replace`
for Secrets, and remove the annotation: `kubectl annotate secret NAME
kubectl.kubernetes.io/last-applied-configuration-`. Leave no dump with it in a repository. Put credentials that tools
read from annotations into a Secret and name that one. Then replace the value.

## References

- [Kubernetes: last-applied-configuration](https://kubernetes.io/docs/reference/labels-annotations-taints/#kubectl-kubernetes-io-last-applied-configuration)
- [Kubernetes: server-side apply](https://kubernetes.io/docs/reference/using-api/server-side-apply/)
- [kubernetes/kubernetes#23564](https://github.com/kubernetes/kubernetes/issues/23564)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.place import Context, Sighting
from strongroom.posture.check import Check, Hit, hit
from strongroom.posture.sightings import found, is_secret, kind_of


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield a hit for each secret in metadata; a copy of what the object holds anyway weighs less."""
    copies = [s for s in facts.sightings if is_secret(s, Context.LAST_APPLIED)]
    copied = {s.fingerprint for s in copies}
    held = {
        (s.origin.path, s.resource, s.fingerprint)
        for s in facts.sightings
        if s.context is not Context.LAST_APPLIED and s.fingerprint in copied
    }
    for sighting in facts.sightings:
        if is_secret(sighting, Context.METADATA):
            message = f"{_key(sighting)} holds {kind_of(sighting)}; metadata is shown everywhere"
            yield found(sighting, message)
    yield from _withheld(facts)
    for sighting in copies:
        still = (sighting.origin.path, sighting.resource, sighting.fingerprint) in held
        message = (
            f"the copy that kubectl apply left holds {kind_of(sighting)} ({sighting.origin.inner or sighting.name})"
        )
        yield found(sighting, message, severity=Severity.MEDIUM if still else Severity.HIGH)


def _key(sighting: Sighting) -> str:
    kind, key = ("", *sighting.origin.field)[-2:]
    return f"{'label' if kind == 'labels' else 'annotation'} {key}"


def _withheld(facts: Facts) -> Iterator[Hit]:
    """Yield a hit for each live Secret whose values stand in a copy that was dropped while reading."""
    for secret in facts.of_kind("Secret"):
        for name, who in _COPIES.items():
            if secret.origin.object and secret.annotations.get(name) == "" and not secret.group:
                message = f"the copy that {who} left holds the values of the Secret; it was not read"
                yield hit(secret, ("metadata", "annotations", name), message, severity=Severity.MEDIUM)


_COPIES = {
    "kubectl.kubernetes.io/last-applied-configuration": "kubectl apply",
    "kapp.k14s.io/original": "kapp",
    "banzaicloud.com/last-applied": "an operator",
}


CHECK = Check(
    id="secret-in-metadata",
    title="Credential in an annotation or a label",
    practice=Practice.PLAINTEXT,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("OWASP-K03",),
    over=Facts,
    examine=examine,
)
