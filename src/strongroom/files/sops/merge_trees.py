"""Three-way merge of trees: what both sides mean together, and where they contradict each other."""

from __future__ import annotations

from typing import NamedTuple

from strongroom.files.sops.diff3 import THEIRS, chunks
from strongroom.files.sops.tree import Address, Key, Tree


class Absent:
    """Stands where a tree has nothing."""


ABSENT = Absent()


class MergedTree(NamedTuple):
    """Two trees that differ where the sides contradict each other alone.

    Attributes:
        ours, theirs: the merge with one side winning, and with the other; ABSENT where nothing is left.
        conflicts: where they contradict each other.
    """

    ours: Tree | Absent
    theirs: Tree | Absent
    conflicts: tuple[Address, ...]

    def __repr__(self) -> str:
        return f"MergedTree(hidden, {len(self.conflicts)} conflicts)"


def merge_trees(base: Tree | Absent, ours: Tree | Absent, theirs: Tree | Absent) -> MergedTree:
    """Merge what two sides made of a base.

    Mappings are merged key by key. Lists of one length whose items stand where they stood are merged item by item;
    others as sequences of whole items, and where both sides changed the same stretch, the whole list is a conflict. To
    delete what the other side changed is a conflict; to do the same is none.
    """
    return _merge((), base, ours, theirs)


def _merge(at: Address, base: Tree | Absent, ours: Tree | Absent, theirs: Tree | Absent) -> MergedTree:
    if ours == theirs or theirs == base:
        return MergedTree(ours, ours, ())
    if ours == base:
        return MergedTree(theirs, theirs, ())
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return _mappings(at, base if isinstance(base, dict) else {}, ours, theirs)
    if isinstance(ours, list) and isinstance(theirs, list):
        return _lists(at, base if isinstance(base, list) else [], ours, theirs)
    return MergedTree(ours, theirs, (at,))


def _mappings(at: Address, base: dict[Key, Tree], ours: dict[Key, Tree], theirs: dict[Key, Tree]) -> MergedTree:
    mine: dict[Key, Tree] = {}
    other: dict[Key, Tree] = {}
    conflicts: list[Address] = []
    for key in (*ours, *(key for key in theirs if key not in ours)):
        merged = _merge((*at, key), base.get(key, ABSENT), ours.get(key, ABSENT), theirs.get(key, ABSENT))
        if not isinstance(merged.ours, Absent):
            mine[key] = merged.ours
        if not isinstance(merged.theirs, Absent):
            other[key] = merged.theirs
        conflicts += merged.conflicts
    return MergedTree(mine, other, tuple(conflicts))


def _lists(at: Address, base: list[Tree], ours: list[Tree], theirs: list[Tree]) -> MergedTree:
    if len(base) == len(ours) == len(theirs) and not (_moved(base, ours) or _moved(base, theirs)):
        alone = not at and len(base) == 1  # the one document of a file is that document, whatever it holds
        if not alone and any(_another(*three) for three in zip(base, ours, theirs, strict=True)):
            return MergedTree(ours, theirs, (at,))
        items = [_merge((*at, n), *three) for n, three in enumerate(zip(base, ours, theirs, strict=True))]
        mine = [one.ours for one in items if not isinstance(one.ours, Absent)]
        other = [one.theirs for one in items if not isinstance(one.theirs, Absent)]
        return MergedTree(mine, other, tuple(address for one in items for address in one.conflicts))
    marks = _marks(base, ours, theirs)
    merged: list[Tree] = []
    for chunk in chunks(*marks):
        if chunk.conflict:
            return MergedTree(ours, theirs, (at,))
        merged += theirs[slice(*chunk.theirs)] if chunk.taken == THEIRS else ours[slice(*chunk.ours)]
    return MergedTree(merged, merged, ())


def _moved(base: list[Tree], side: list[Tree]) -> bool:
    """Tell whether an item stands elsewhere than before: then its position says no longer which one it is."""
    marks, now = _marks(base, side)
    gone = {mark for mark, other in zip(marks, now, strict=True) if mark != other}
    return any(mark in gone for mark, other in zip(now, marks, strict=True) if mark != other)


def _another(base: Tree, ours: Tree, theirs: Tree) -> bool:
    """Tell whether both sides changed an item and one may have put another in its place: it shares no value with it.

    Merged by key, what one side added to the old item would go to the new one.
    """
    if not (isinstance(base, dict) and base and isinstance(ours, dict) and isinstance(theirs, dict)):
        return False
    if base in (ours, theirs) or ours == theirs:
        return False
    return not all(any(key in side and side[key] == value for key, value in base.items()) for side in (ours, theirs))


def _marks(*lists: list[Tree]) -> tuple[list[int], ...]:
    """Return a number for each item, the same for equal ones."""
    seen: list[Tree] = []
    numbers: dict[str, list[int]] = {}

    def mark(item: Tree) -> int:
        near = numbers.setdefault(_shape(item), [])
        for number in near:
            if seen[number] == item:
                return number
        seen.append(item)
        near.append(len(seen) - 1)
        return len(seen) - 1

    return tuple([mark(item) for item in items] for items in lists)


def _shape(item: Tree) -> str:
    """Return what equal items share; items that share it may still differ."""
    if isinstance(item, dict):
        return f"mapping {len(item)}"
    return f"list {len(item)}" if isinstance(item, list) else f"{item[0]} {item[1]}"
