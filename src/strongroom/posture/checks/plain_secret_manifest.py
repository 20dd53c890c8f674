"""A Secret with real values lies in a repository.

## What it finds

Every Secret manifest in a file whose `data` or `stringData` holds at least one value that is a secret: one finding
for each Secret, at the first such value. Base64 is no protection. Where there is nothing but short words under keys
that promise nothing, the severity is low: such a Secret mostly holds a setting.

## Not a finding

Secrets without values, with empty values or stand-ins (`<password>`, `changeme`: see `weak-secret-value` for the
latter), with references that a webhook resolves (`vault:...`), with nothing but public certificates or settings,
Secrets encrypted with SOPS (see `partly-encrypted-file`), and SealedSecrets. In a cluster or in its dump on standard
input a Secret is where it belongs.

## Why it is bad

Everyone who may read the repository has the value, and every clone, fork, backup and CI cache keeps it. It cannot be
taken back: removing the file leaves it in the history. Rotation means a commit, so that it does not happen.

## Instead

Keep in the repository only what is worthless without a key: an ExternalSecret that names where the value is, a
SealedSecret, or a Secret encrypted with SOPS. Replace the value, since the history keeps the old one.

## References

- [Kubernetes: good practices for Secrets](https://kubernetes.io/docs/concepts/security/secrets-good-practices/)
- [External Secrets Operator](https://external-secrets.io/latest/)
- [SOPS](https://getsops.io/docs/)
- [Sealed Secrets](https://github.com/bitnami-labs/sealed-secrets)
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.origin import FieldPath, show_path
from strongroom.model.place import Context, Sighting
from strongroom.model.resource import Resource, ResourceId
from strongroom.posture.check import Check, Hit
from strongroom.posture.sightings import is_secret, is_short, is_unnamed

Place = tuple[str, str, int, str, ResourceId | None]


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield one hit for each plain Secret manifest, at its first real value."""
    if not facts.in_repository:
        return
    other = {_place(r, r.origin.field) for r in facts.of_kind("Secret") if _is_sops(r) or _is_piped_from_cluster(r)}
    values: dict[Place, list[Sighting]] = {}
    for sighting in facts.sightings:
        if is_secret(sighting, Context.SECRET) and not sighting.origin.object:
            place = _place(sighting, _object_path(sighting.origin.field))
            if place not in other:
                values.setdefault(place, []).append(sighting)
    for sightings in values.values():
        yield _hit(sightings)


def _hit(sightings: list[Sighting]) -> Hit:
    surest = max(s.confidence for s in sightings)
    first = next(s for s in sightings if s.confidence is surest)
    keys = {s.origin.field for s in sightings}
    others = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
    return Hit(
        f"{show_path(first.origin.field[-2:])}{others} can be read by everyone who has the repository",
        msgspec.structs.replace(first.origin, inner="", inner_start=0, inner_end=0),
        first.resource,
        severity=_severity(surest, sightings),
        confidence=surest,
        value=first.fingerprint,
        rule=first.rule,
    )


def _severity(surest: Confidence, sightings: list[Sighting]) -> Severity:
    if all(is_unnamed(s) and is_short(s) for s in sightings):
        return Severity.LOW  # a short word under a name that promises nothing: more often a setting
    return Severity.HIGH if surest is Confidence.HIGH else Severity.MEDIUM


def _object_path(field: FieldPath) -> FieldPath:
    return next((field[:i] for i, step in enumerate(field) if step in ("data", "stringData")), ())


def _place(fact: Sighting | Resource, path: FieldPath) -> Place:
    """Tell the documents and List items of one file apart, also where they define the same Secret."""
    resource = fact.id if isinstance(fact, Resource) else fact.resource
    return fact.origin.source, fact.origin.path, fact.origin.document, repr(path), resource


def _is_piped_from_cluster(resource: Resource) -> bool:
    """Tell whether ``kubectl get -o yaml`` was piped in: only the API server gives objects a uid."""
    return resource.origin.source == "-" and isinstance(resource.get("metadata", "uid"), str)


def _is_sops(resource: Resource) -> bool:
    return isinstance(resource.get("sops", "mac"), str)


CHECK = Check(
    id="plain-secret-manifest",
    title="Secret with real values in a repository",
    practice=Practice.PLAINTEXT,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-5.4.2", "NSA-secrets", "OWASP-K03", "PCI-8.6.2"),
    over=Facts,
    examine=examine,
)
