"""Three-way merge of what two sides made of a file's recipients and rule."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from strongroom.errors import DocumentError
from strongroom.files.sops.metadata import Metadata
from strongroom.files.sops.selection import Selection
from strongroom.keys.key import MasterKey

Groups = tuple[tuple[MasterKey, ...], ...]
_Value = TypeVar("_Value")


class MergedKeys(NamedTuple):
    """Who shall open the merged file, and what of it is encrypted; as in `Metadata`."""

    groups: Groups
    shamir_threshold: int
    selection: Selection


def merge_metadata(base: Metadata | None, ours: Metadata, theirs: Metadata) -> MergedKeys:
    """Merge: who was added on either side stays in, who was taken out on either side stays out.

    Args:
        base: of the common ancestor; None where it was not encrypted.
        ours: of the one side; its order of keys is kept.
        theirs: of the other.

    Raises:
        DocumentError: both sides changed the same to something else, or nobody would be left.
    """
    groups = _groups(keys_of(base) if base is not None else None, keys_of(ours), keys_of(theirs))
    if not groups or not all(groups):
        raise DocumentError("the two sides together leave nobody who can open the file")
    threshold = _either(
        effective_threshold(base) if base is not None else None,
        effective_threshold(ours),
        effective_threshold(theirs),
        "the threshold of key groups",
    )
    selection = _either(
        base.selection if base is not None else None, ours.selection, theirs.selection, "which values are encrypted"
    )
    return MergedKeys(groups, min(threshold, len(groups)) if len(groups) > 1 else 0, selection)


def keys_of(metadata: Metadata) -> Groups:
    """Return for whom a data key is wrapped, group by group."""
    return tuple(tuple(one.key for one in group) for group in metadata.groups)


def effective_threshold(metadata: Metadata) -> int:
    """Return how many key groups are needed; 0 with one group."""
    if len(metadata.groups) < 2:
        return 0
    return metadata.shamir_threshold or len(metadata.groups)


def _groups(base: Groups | None, ours: Groups, theirs: Groups) -> Groups:
    if ours == theirs or theirs == base:
        return ours
    if ours == base:
        return theirs
    if not len(ours) == len(theirs) == len(base if base is not None else ours):
        raise DocumentError("both sides changed the number of key groups", hint="merge one, then run updatekeys")
    before = base if base is not None else ((),) * len(ours)
    return tuple(_group(*three) for three in zip(before, ours, theirs, strict=True))


def _group(
    base: tuple[MasterKey, ...], ours: tuple[MasterKey, ...], theirs: tuple[MasterKey, ...]
) -> tuple[MasterKey, ...]:
    kept = (key for key in ours if key in theirs or key not in base)
    added = (key for key in theirs if key not in ours and key not in base)
    return (*kept, *added)


def _either(base: _Value | None, ours: _Value, theirs: _Value, what: str) -> _Value:
    if ours == theirs or theirs == base:
        return ours
    if ours == base:
        return theirs
    raise DocumentError(f"both sides changed {what}")
