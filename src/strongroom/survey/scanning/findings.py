"""From hits to findings: one value is one finding, however many places hold it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from strongroom.model.finding import Audience, Confidence, Finding, Practice, Related, Severity
from strongroom.model.leak import PREFIX, CommitFact, Leak
from strongroom.model.origin import show_path
from strongroom.model.place import Nature
from strongroom.model.plaintext import Fingerprint
from strongroom.model.report import CheckPage
from strongroom.survey.scanning.hit import Hit
from strongroom.survey.scanning.page import page_of, todo

MOST_PLACES = 1000
"""Places of one value that a finding names; it counts the rest."""

_DIGITS = 32


class Held(msgspec.Struct, frozen=True):
    """What the history says of one value."""

    first: CommitFact
    last: CommitFact
    present: bool


def findings_of(hits: Iterable[Hit], held: Mapping[Fingerprint, Held], *, pending: bool = False) -> list[Finding]:
    """Return one finding for each value.

    Args:
        hits: in the order in which places are to be named; the first is the finding's own.
        held: what the history says of values; empty where none was read.
        pending: they are about to be committed.
    """
    groups: dict[Fingerprint, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(hit.fingerprint, []).append(hit)
    seen: Counter[tuple[str, ...]] = Counter()
    return [_finding(group, held.get(value), seen, pending=pending) for value, group in groups.items()]


def pages(findings: Iterable[Finding]) -> dict[str, CheckPage]:
    """Return the pages of the rules that findings name, by id."""
    return {one.id: page_of(one) for one in findings}


def severity_of(hit: Hit) -> Severity:
    """Return how bad a hit is: what raw text only seems to hold is worth a word, no more."""
    if hit.nature is not Nature.SECRET:
        return Severity.INFO
    return Severity.MEDIUM if hit.confidence is Confidence.LOW else Severity.HIGH


def _finding(hits: Sequence[Hit], held: Held | None, seen: Counter[tuple[str, ...]], *, pending: bool) -> Finding:
    best = max(hits, key=lambda hit: (hit.nature is Nature.SECRET, hit.confidence, hit.rule.startswith("betterleaks.")))
    first = hits[0]
    leak = Leak(
        what=best.what,
        masked=best.masked,
        entropy=best.entropy,
        places=len(hits),
        first=held.first if held else None,
        last=held.last if held else None,
        present=held.present if held else None,
        encoding=first.encoding or ("base64" if first.encoded else ""),
        pending=pending,
    )
    leak = msgspec.structs.replace(leak, todo=todo(leak, hits, PREFIX + best.rule))
    return Finding(
        id=PREFIX + best.rule,
        title=f"{best.what[:1].upper()}{best.what[1:]} where it can be read",
        severity=severity_of(best),
        confidence=best.confidence,
        audience=Audience.EVERYBODY,
        practice=Practice.PLAINTEXT,
        message=_message(best, first, leak),
        origin=first.origin,
        fingerprint=_identity(best, first, seen),
        resource=first.resource,
        value=first.fingerprint,
        related=tuple(Related(hit.origin, _place(hit), hit.resource) for hit in hits[1:MOST_PLACES]),
        frame=first.frame,
        rule=best.rule,
        leak=leak,
    )


def _message(best: Hit, first: Hit, leak: Leak) -> str:
    where = _field(first)
    parts = [f"{leak.what} {leak.masked}" + (f" in {where}" if where else "")]
    if best.nature is not Nature.SECRET:
        parts.append("an identifier, no secret" if best.nature is Nature.PLAIN else f"looks like a {best.nature.value}")
    if leak.encoding:
        parts.append(f"in {leak.encoding}")
    if best.weak:
        parts.append(best.weak)
    parts.append(f"entropy {leak.entropy}")
    if leak.places > 1:
        parts.append(f"{leak.places:,} places")
    if leak.first is not None and leak.last is not None:
        parts.append(f"first in commit {leak.first.show()}")
        parts.append("still at the tip" if leak.present else f"last in commit {leak.last.show()}")
    return ", ".join(parts)


def _field(hit: Hit) -> str:
    field = show_path(hit.origin.field)
    where = f"{field} ({hit.origin.inner})" if field and hit.origin.inner else field or hit.origin.inner
    return ", ".join(part for part in (where, hit.note) if part)


def _place(hit: Hit) -> str:
    where = _field(hit)
    commit = f"commit {hit.origin.commit[:12]}" if hit.origin.commit else ""
    return ", ".join(part for part in ("the same value", f"in {where}" if where else "", commit) if part)


def _identity(best: Hit, first: Hit, seen: Counter[tuple[str, ...]]) -> str:
    """Identify a finding by what and where, without lines and without any key; equal ones are numbered."""
    parts = (best.rule, first.origin.path, show_path(first.origin.field), first.origin.inner)
    number = seen[parts]
    seen[parts] += 1
    text = "\0".join((*parts, str(number)))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_DIGITS]
