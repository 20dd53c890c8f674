"""Three-way merge of sequences: which parts only one side changed, and where both did.

The algorithm is that of diff3 (Khanna, Kunal and Pierce, "A Formal Investigation of Diff3", 2007) with one difference:
changes that touch without overlapping do not conflict. What a merge means is judged elsewhere, on the trees.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple, TypeVar

_Item = TypeVar("_Item", bound=Hashable)

OURS, THEIRS = 0, 1


class Chunk(NamedTuple):
    """A stretch of the three sequences, each as a pair of positions, the end exclusive.

    Attributes:
        base, ours, theirs: the stretches.
        conflict: both sides changed it, and not to the same.
        taken: without a conflict, the side that has the result: `OURS` or `THEIRS`.
    """

    base: tuple[int, int]
    ours: tuple[int, int]
    theirs: tuple[int, int]
    conflict: bool = False
    taken: int = OURS


class _Edit(NamedTuple):
    """What one side did: the items from ``start`` to ``end`` of the base gave way to others, so many more."""

    start: int
    end: int
    side: int
    grows: int


def chunks(
    base: Sequence[_Item], ours: Sequence[_Item], theirs: Sequence[_Item], *, touching: bool = False
) -> Iterator[Chunk]:
    """Yield the stretches of a merge in order; together they cover the three sequences.

    Args:
        base: the common ancestor.
        ours: the one side.
        theirs: the other.
        touching: changes that touch count as one stretch, and conflict.
    """
    edits = sorted([*_edits(base, ours, OURS), *_edits(base, theirs, THEIRS)])
    shift = [0, 0]
    at = 0
    while edits:
        group = _overlapping(edits, touching=touching)
        start, end = group[0].start, max(edit.end for edit in group)
        if start > at:
            yield Chunk((at, start), (at + shift[OURS], start + shift[OURS]), (at + shift[1], start + shift[1]))
        stretches = []
        for side in (OURS, THEIRS):
            low = start + shift[side]
            shift[side] += sum(edit.grows for edit in group if edit.side == side)
            stretches.append((low, end + shift[side]))
        mine, other = stretches
        sides = {edit.side for edit in group}
        same = ours[slice(*mine)] == theirs[slice(*other)]
        yield Chunk((start, end), mine, other, len(sides) == 2 and not same, THEIRS if sides == {THEIRS} else OURS)
        at = end
    if at < len(base):
        yield Chunk((at, len(base)), (at + shift[0], len(base) + shift[0]), (at + shift[1], len(base) + shift[1]))


def _edits(base: Sequence[_Item], other: Sequence[_Item], side: int) -> Iterator[_Edit]:
    for tag, start, end, low, high in SequenceMatcher(None, base, other, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        if tag == "delete" or high - low == end - start:
            # Item by item: what is deleted or replaced here conflicts only where the other side changed the same item.
            yield from (_Edit(at, at + 1, side, -1 if tag == "delete" else 0) for at in range(start, end))
        else:
            yield _Edit(start, end, side, (high - low) - (end - start))


def _overlapping(edits: list[_Edit], *, touching: bool) -> list[_Edit]:
    """Take the first edit from the list, and those behind it that overlap with what was taken."""
    group = [edits.pop(0)]
    end = group[0].end
    while edits and (
        edits[0].start < end
        or (touching and edits[0].start == end)
        or (edits[0].start == edits[0].end == group[0].start == end)
    ):
        group.append(edits.pop(0))
        end = max(end, group[-1].end)
    return group
