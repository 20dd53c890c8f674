"""Who is right where several rules speak of the same text."""

from __future__ import annotations

import bisect
import sys
from collections.abc import Iterable, Iterator

from strongroom.leaks.texts import Claim, Text
from strongroom.model.origin import FieldPath

_NESTED_PARTS = 4
"""A part may hold another (``--set a.b=c`` holds ``b=c``), but not many."""


def adopted(claims: Iterable[Claim], texts: Iterable[Text]) -> list[Claim]:
    """Give what was seen in a whole to the part of it that it stands in, which knows the name of the setting.

    A part that is not written as it is (escapes, base64) was looked at by itself: what the whole shows of it goes.
    """
    parts: dict[FieldPath, list[Text]] = {}
    for text in texts:
        if text.is_part:
            parts.setdefault(text.candidate.origin.field, []).append(text)
    if not parts:
        return list(claims)
    for of_field in parts.values():
        of_field.sort(key=lambda text: text.span)
    return [found for claim in claims if (found := _adopt(claim, parts)) is not None]


def _adopt(claim: Claim, parts: dict[FieldPath, list[Text]]) -> Claim | None:
    if claim.text.is_part or not claim.text.exact:
        return claim
    of_field = parts.get(claim.text.candidate.origin.field, [])
    index = bisect.bisect_right(of_field, (claim.start, sys.maxsize), key=lambda text: text.span)
    for part in reversed(of_field[max(index - _NESTED_PARTS, 0) : index]):
        if part.span.start <= claim.start and claim.end <= part.span.end:
            if not part.exact:
                return None
            start = claim.start - part.span.start
            mark = claim.mark._replace(start=start, end=start + claim.end - claim.start)
            return claim._replace(text=part, mark=mark)
    return claim


def settle(claims: Iterable[Claim]) -> Iterator[Claim]:
    """Yield the claims that stand, field by field: none overlaps a more specific one.

    A Secret's value as a whole is its own fact: it stands beside what was recognised inside it, unless that is all of
    it.
    """
    fields: dict[FieldPath, list[Claim]] = {}
    for claim in claims:
        fields.setdefault(claim.text.candidate.origin.field, []).append(claim)
    for of_field in fields.values():
        yield from of_field if len(of_field) == 1 else _settle_field(of_field)


def _settle_field(claims: list[Claim]) -> Iterator[Claim]:
    claims.sort(key=_order)
    taken: list[tuple[int, int]] = []
    unplaced: set[tuple[object, ...]] = set()
    kept: list[Claim] = []
    for claim in claims:
        if _is_place(claim):
            if not any(_is_all_of(other) for other in kept if not other.text.is_part):
                kept.append(claim)
        elif claim.text.exact:
            if _take(taken, claim.start, claim.end):
                kept.append(claim)
        elif (identity := _identity(claim)) not in unplaced:
            unplaced.add(identity)
            kept.append(claim)
            if claim.end > claim.start:
                _take(taken, claim.start, claim.end)  # what the whole text shows there is the same thing
    yield from sorted(kept, key=lambda claim: (claim.start, claim.end))


def _order(claim: Claim) -> tuple[object, ...]:
    # parts before wholes: they know the name of the setting
    return (
        claim.rank,
        not claim.text.is_part,
        -claim.mark.confidence,
        claim.start,
        claim.start - claim.end,
        claim.mark.rule,
    )


def _is_place(claim: Claim) -> bool:
    return claim.mark.rule == "secret-data"


def _is_all_of(claim: Claim) -> bool:
    return claim.mark.start == 0 and claim.mark.end >= len(claim.text.value.rstrip())


def _identity(claim: Claim) -> tuple[object, ...]:
    """Where offsets cannot be counted, the same text found twice in a field is the same thing."""
    mark = claim.mark
    return (mark.decoded or claim.text.value[mark.start : mark.end],)


def _take(taken: list[tuple[int, int]], start: int, end: int) -> bool:
    """Take a span unless it overlaps one that is taken; ``taken`` stays sorted."""
    index = bisect.bisect_left(taken, (start, end))
    if index < len(taken) and taken[index][0] < max(end, start + 1):
        return False
    if index and taken[index - 1][1] > start:
        return False
    taken.insert(index, (start, end))
    return True
