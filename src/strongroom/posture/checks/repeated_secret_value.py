"""One secret value stands in several places.

## What it finds

Values that were recognised as secrets and that stand in more than one object or file: two Secrets, a Secret and a
ConfigMap, an `.env` file and a pipeline. One finding for each value, at its first place, with the others. Where all
places are the same Secret (of one name, in several namespaces or overlays), it is a low finding.

## Not a finding

Several keys of one object, the copy that `kubectl apply` leaves in the object itself, the same file of an object read
twice, values that are weak anyway (`weak-secret-value`), public certificates, settings.

## Why it is bad

A value that is shared cannot be attributed: the logs do not tell which program used it. It leaks as easily as its
worst-kept copy, one leak opens every place at once, and rotation has to find them all or breaks something.

## Instead

Give every consumer a credential of its own. Where one credential must serve several, keep it once in a store and let
each place refer to it.

## References

- [OWASP: secrets management cheat sheet](https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html)
- [OWASP Kubernetes Top Ten](https://owasp.org/www-project-kubernetes-top-ten/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Related, Severity
from strongroom.model.place import Context, Nature, Sighting
from strongroom.model.plaintext import Fingerprint
from strongroom.model.resource import ResourceId
from strongroom.posture.check import Check, Hit
from strongroom.posture.sightings import holder, kind_of, place

Holder = tuple[str, ...]
_MOST_RELATED = 50


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield one hit for each value that stands in several objects or files."""
    groups: dict[Fingerprint, dict[Holder, Sighting]] = {}
    written = {(s.fingerprint, s.resource) for s in facts.sightings if s.resource and not s.origin.object}
    for sighting in facts.sightings:
        if _counts(sighting) and not _is_live_copy(sighting, written):
            groups.setdefault(sighting.fingerprint, {}).setdefault(_holder(sighting), sighting)
    for places in groups.values():
        if len(places) > 1:
            yield _hit(sorted(places.values(), key=_order))


def _is_live_copy(sighting: Sighting, written: set[tuple[Fingerprint, ResourceId]]) -> bool:
    """Tell whether a value of a cluster is the one that the manifest of the same object holds."""
    live, value = sighting.resource, sighting.fingerprint
    if live is None or not sighting.origin.object:
        return False
    return (value, live) in written or (value, live._replace(namespace="")) in written


def _counts(sighting: Sighting) -> bool:
    return (
        sighting.nature is Nature.SECRET
        and sighting.context is not Context.LAST_APPLIED
        and sighting.confidence is not Confidence.LOW
        and not sighting.weak
    )


def _holder(sighting: Sighting) -> Holder:
    """What holds a value: an object and its file, or a file."""
    if sighting.resource:
        return (sighting.origin.path or sighting.origin.source, *sighting.resource)
    return (sighting.origin.path,)


def _order(sighting: Sighting) -> tuple[object, ...]:
    """Order by file, since objects that were rendered are read before the others."""
    return sighting.origin.path, sighting.origin.document, sighting.resource or ()


def _hit(sightings: list[Sighting]) -> Hit:
    first, *others = sightings
    names = {(s.resource.kind, s.resource.name) if s.resource else (s.origin.path, "") for s in sightings}
    copies = len(names) == 1
    count = f"{len(others)} other place{'s' if len(others) > 1 else ''}"
    return Hit(
        f"{place(first)} of {holder(first)} also stands in {count}{' of that name' if copies else ''}",
        first.origin,
        first.resource,
        severity=Severity.LOW if copies else Severity.MEDIUM,
        confidence=min(s.confidence for s in sightings),
        value=first.fingerprint,
        rule=first.rule,
        related=tuple(
            Related(s.origin, f"{place(s)} of {holder(s)} holds the same {kind_of(s).split(' ', 1)[1]}", s.resource)
            for s in others[:_MOST_RELATED]
        ),
    )


CHECK = Check(
    id="repeated-secret-value",
    title="One secret value in several places",
    practice=Practice.PLAINTEXT,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("OWASP-K03", "PCI-8.6.3"),
    over=Facts,
    examine=examine,
)
