"""Two passes over one file say one thing."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Iterator

from strongroom.leaks.plain import MANIFEST_RULE
from strongroom.model.place import Nature
from strongroom.survey.scanning.hit import Hit

_LIBRARY = "betterleaks."
_VAGUE = ("assigned", "generic")
_MOST = 200
"""Matches that overlap each other in a chain; in a longer one nothing is left out."""

_Point = tuple[int, int]


def settled(plain: list[Hit]) -> list[Hit]:
    """Return what raw text gave with each place said once: several rules may know one value.

    A rule for a kind of token goes before one that takes whatever is assigned to a telling name.
    """
    if len(plain) < 2:
        return plain
    return [hit for chain in _chains(plain) for hit in _once_each(chain)]


def joined(plain: list[Hit], read: list[Hit]) -> list[Hit]:
    """Join what the raw text gave with what reading it as documents gave.

    Reading knows more: where both speak of one place, what it says counts, also where it says that there is no secret
    (a stand-in, a reference, ciphertext, something public). What only the raw text gave is kept.

    Args:
        plain: from the raw text.
        read: from reading, of every nature.
    """
    secrets = [hit for hit in read if hit.nature is Nature.SECRET]
    said = Spans(hit for hit in read if hit.nature is not Nature.PLAIN)
    is_read = any(hit.resource is not None and hit.resource.kind == "Secret" for hit in read)
    kept = [hit for hit in plain if not (is_read if hit.rule == MANIFEST_RULE else said.overlap(hit))]
    return sorted(_once([*secrets, *kept]), key=_order)


class Spans:
    """Spans of hits of one file, and whether another one overlaps any of them."""

    def __init__(self, hits: Iterable[Hit]) -> None:
        spans = sorted(map(_span, hits))
        self._starts = [start for start, _ in spans]
        self._furthest = list(itertools.accumulate((end for _, end in spans), max))

    def overlap(self, hit: Hit) -> bool:
        """Tell whether a hit stands where one of them does."""
        start, end = _span(hit)
        before = bisect.bisect_left(self._starts, end)
        return before > 0 and self._furthest[before - 1] > start


def _chains(hits: Iterable[Hit]) -> Iterator[list[Hit]]:
    """Yield hits that overlap, directly or through others, together."""
    chain: list[Hit] = []
    furthest: _Point = (0, 0)
    for hit in sorted(hits, key=_span):
        start, end = _span(hit)
        if chain and start >= furthest:
            yield chain
            chain = []
        chain.append(hit)
        furthest = max(furthest, end) if len(chain) > 1 else end
    if chain:
        yield chain


def _once_each(chain: list[Hit]) -> list[Hit]:
    if not 1 < len(chain) <= _MOST:
        return chain
    kept: list[Hit] = []
    for hit in sorted(chain, key=_rank):
        spans = Spans(one for one in kept if _is_vague(hit) or one.fingerprint == hit.fingerprint)
        if not spans.overlap(hit):
            kept.append(hit)
    return sorted(kept, key=_order)


def _rank(hit: Hit) -> tuple[bool, bool, str]:
    return _is_vague(hit), not hit.rule.startswith(_LIBRARY), hit.rule


def _is_vague(hit: Hit) -> bool:
    return any(word in hit.rule for word in _VAGUE)


def _span(hit: Hit) -> tuple[_Point, _Point]:
    origin = hit.origin
    start, after = (origin.line, origin.column), (origin.line, origin.column + 1)
    return start, max((origin.end_line, origin.end_column), after)


def _once(hits: Iterable[Hit]) -> Iterable[Hit]:
    """Drop what is the same value at the same place: an annotation may repeat what the object says."""
    seen: set[tuple[object, ...]] = set()
    for hit in hits:
        identity = (hit.fingerprint, hit.origin.line, hit.origin.column, hit.origin.inner, hit.origin.field)
        if identity not in seen:
            seen.add(identity)
            yield hit


def _order(hit: Hit) -> tuple[int, int, str]:
    return hit.origin.line, hit.origin.column, hit.rule
