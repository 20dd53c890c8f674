"""Other tools' findings beside ours: what both found is one finding, with the other tool as evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from strongroom.model.finding import Audience, Confidence, Finding, Related, Severity
from strongroom.model.imported import Imported
from strongroom.model.place import Nature, Sighting
from strongroom.model.plaintext import Fingerprint
from strongroom.model.report import CheckPage

_DIGITS = 32
_NO_SECRETS = (Nature.PLACEHOLDER, Nature.PUBLIC, Nature.REFERENCE, Nature.CIPHERTEXT)
_TITLES = {
    "gitleaks": "gitleaks",
    "kube-bench": "kube-bench",
    "kubescape": "kubescape",
    "trivy": "Trivy",
    "trufflehog": "TruffleHog",
}


def joined(
    ours: Sequence[Finding], imported: Iterable[Imported], sightings: Iterable[Sighting]
) -> tuple[list[Finding], list[Finding]]:
    """Return our findings, and those that only another tool has.

    The same value, by its fingerprint, is the same secret, wherever the other tool saw it; where that printed no value,
    the same line of the same file is. Then the other tool becomes evidence of ours.
    """
    by_value: dict[Fingerprint, int] = {}
    by_line: dict[tuple[str, int], int] = {}
    for position, finding in enumerate(ours):
        if finding.value is not None:
            by_value.setdefault(finding.value, position)
            by_line.setdefault((finding.origin.path, finding.origin.line), position)
    natures = _natures(sightings)
    evidence: dict[int, list[Related]] = {}
    others: dict[str, Finding] = {}
    for one in imported:
        index = next((by_value[value] for value in one.values if value in by_value), None)
        if index is None and one.secret and not one.values:
            index = by_line.get((one.origin.path, one.origin.line))
        if index is not None:
            evidence.setdefault(index, []).append(Related(one.origin, f"{_tool(one)} reports it as {one.rule}"))
        else:
            finding = _finding(one, natures)
            others.setdefault(finding.fingerprint, finding)
    return list(_with_evidence(ours, evidence)), list(others.values())


def _with_evidence(ours: Sequence[Finding], evidence: dict[int, list[Related]]) -> Iterator[Finding]:
    for index, finding in enumerate(ours):
        places = {(r.origin.path, r.origin.line, r.origin.commit, r.message): r for r in evidence.get(index, ())}
        more = tuple(places.values())
        yield msgspec.structs.replace(finding, related=(*finding.related, *more)) if more else finding


def _natures(sightings: Iterable[Sighting]) -> dict[Fingerprint, Nature]:
    return {s.fingerprint: s.nature for s in sightings if s.nature in _NO_SECRETS}


def _finding(one: Imported, natures: dict[Fingerprint, Nature]) -> Finding:
    nature = next((natures[value] for value in one.values if value in natures), None)
    about = f"{one.subject}: " if one.subject else ""
    doubt = f"; we take it for a {nature.value}" if nature else ""
    return Finding(
        id=one.id,
        title=one.title,
        severity=min(one.severity, Severity.LOW) if nature else one.severity,
        confidence=Confidence.LOW if nature else one.confidence,
        audience=Audience.EVERYBODY,
        practice=one.practice,
        message=f"{about}{_tool(one)} reports {one.rule}{doubt}",
        origin=one.origin,
        fingerprint=_digest(one),
        value=one.values[0] if one.values else None,
    )


def _digest(one: Imported) -> str:
    """Identify it by what it is about; nothing of a value takes part."""
    parts = (one.id, one.origin.path, one.subject, one.origin.commit, str(one.origin.line) if one.secret else "")
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:_DIGITS]


def _tool(one: Imported) -> str:
    return _TITLES.get(one.tool, one.tool)


def pages(imported: Iterable[Imported]) -> dict[str, CheckPage]:
    """Return a page for each rule of another tool, in place of a check's."""
    found: dict[str, CheckPage] = {}
    for one in imported:
        if one.id not in found:
            found[one.id] = CheckPage(
                id=one.id,
                title=one.title,
                severity=one.severity,
                confidence=one.confidence,
                audience=Audience.EVERYBODY,
                practice=one.practice,
                standards=(),
                text=_page(one),
            )
    return found


def _page(one: Imported) -> str:
    where = f"\n\n## References\n\n- [{one.url}]({one.url})" if one.url else ""
    return (
        f"{one.title}\n\n## What it finds\n\nImported from a report of {_tool(one)}: its rule `{one.rule}`.\n\n"
        f"## Why it is bad\n\n{_tool(one)} says why.\n\n"
        f"## Instead\n\nMend what {_tool(one)} reports as {one.rule}.{where}\n"
    )
