"""Who can open a file, compared with who should."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from strongroom.files.sops.merge_metadata import Groups, effective_threshold, keys_of
from strongroom.files.sops.metadata import Metadata
from strongroom.files.sops.rule import Rule
from strongroom.keys.key import MasterKey

Same = Callable[[MasterKey, MasterKey], bool]
"""Tells whether the key that a rule wants is the one that a file has."""


class Difference(NamedTuple):
    """How the keys of a file differ from those of its rule.

    Attributes:
        added: keys that the rule has and the file has not, each with the number of its group.
        removed: the reverse.
        threshold: the one that is wanted, where it is another; None where it is the same.
        selection: what the rule encrypts is not what the file says.
    """

    added: tuple[tuple[int, MasterKey], ...] = ()
    removed: tuple[tuple[int, MasterKey], ...] = ()
    threshold: int | None = None
    selection: bool = False

    @property
    def keys(self) -> bool:
        """True where updatekeys would change something."""
        return bool(self.added or self.removed or self.threshold is not None)


def difference(metadata: Metadata, rule: Rule, same: Same) -> Difference:
    """Compare a file with its rule, group by group, as ``sops updatekeys`` does."""
    present, wanted = keys_of(metadata), rule.groups
    added, removed = [], []
    for number in range(max(len(present), len(wanted))):
        old, new = _at(present, number), _at(wanted, number)
        added += [(number, key) for key in new if not any(same(key, one) for one in old)]
        removed += [(number, key) for key in old if not any(same(one, key) for one in new)]
    threshold = rule.shamir_threshold if len(wanted) > 1 else 0
    return Difference(
        tuple(added),
        tuple(removed),
        threshold if threshold != effective_threshold(metadata) else None,
        metadata.selection != rule.selection,
    )


def opens_alone(metadata: Metadata, keys: Iterable[MasterKey]) -> bool:
    """Tell whether whoever holds these keys needs nobody else to open a file."""
    held = tuple(keys)
    groups = sum(any(one.key in held for one in group) for group in metadata.groups)
    return groups >= max(1, effective_threshold(metadata))


def without(groups: Groups, leaves: Callable[[MasterKey], bool]) -> Groups:
    """Return key groups without some keys; a group that nobody is left in goes with them."""
    kept = (tuple(key for key in group if not leaves(key)) for group in groups)
    return tuple(group for group in kept if group)


def _at(groups: Groups, number: int) -> tuple[MasterKey, ...]:
    return groups[number] if number < len(groups) else ()
