"""Recipients and rules of two sides merged; recipients compared with a rule."""

from __future__ import annotations

import pytest

from strongroom.errors import DocumentError
from strongroom.files.sops.merge_metadata import keys_of, merge_metadata
from strongroom.files.sops.metadata import Metadata
from strongroom.files.sops.recipients import difference, opens_alone, without
from strongroom.files.sops.rule import Rule
from strongroom.files.sops.selection import Selection
from strongroom.keys.key import MasterKey, Wrapped

A, B, C, D = (MasterKey("age", name) for name in "abcd")


def _metadata(*groups: str, threshold: int = 0, regex: str = "x") -> Metadata:
    keys = {"a": A, "b": B, "c": C, "d": D}
    wrapped = tuple(tuple(Wrapped(keys[name], "enc") for name in group) for group in groups)
    return Metadata(wrapped, threshold, "2026-01-01T00:00:00Z", "", Selection(encrypted_regex=regex), "3.11.0")


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        ("ab", "ab", "ab", "ab"),
        ("ab", "abc", "abd", "abcd"),
        ("ab", "a", "abc", "ac"),
        ("abc", "bc", "ab", "b"),
        ("ab", "abc", "abc", "abc"),
        ("ab", "ba", "abc", "bac"),
    ],
)
def test_recipients(base: str, ours: str, theirs: str, merged: str) -> None:
    """Who was added on a side stays in, who was taken out on a side stays out."""
    found = merge_metadata(_metadata(base), _metadata(ours), _metadata(theirs))
    assert "".join(key.name for key in found.groups[0]) == merged


def test_without_a_base() -> None:
    """Of two files that were both added, everybody can open the result."""
    assert merge_metadata(None, _metadata("a"), _metadata("b")).groups == ((A, B),)


def test_groups_and_threshold() -> None:
    """Groups are merged one by one; the threshold and the rule of the side that changed them are taken."""
    base, ours = _metadata("a", "b", threshold=2), _metadata("ac", "b", threshold=2, regex="y")
    found = merge_metadata(base, ours, _metadata("a", "bd", threshold=2))
    assert found == (((A, C), (B, D)), 2, ours.selection)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (_metadata("b"), _metadata("c")),
        (_metadata("a", regex="y"), _metadata("a", regex="z")),
        (_metadata("a", "b", threshold=2), _metadata("a", "b", "c", threshold=2)),
    ],
)
def test_contradictions(ours: Metadata, theirs: Metadata) -> None:
    """Different rules, different numbers of groups, and nobody left are refused."""
    base = _metadata("a") if ours.groups != _metadata("b").groups else _metadata("bc")
    with pytest.raises(DocumentError):
        merge_metadata(base, ours, theirs)


def test_difference_from_a_rule() -> None:
    """What a rule asks beyond a file, and the reverse, is told by group; the threshold and the selection, too."""
    metadata = _metadata("ab", "c", threshold=2)
    rule = Rule(((A, D), (C,)), 2, metadata.selection)
    found = difference(metadata, rule, lambda wanted, present: wanted == present)
    assert (found.added, found.removed, found.threshold, found.selection) == (((0, D),), ((0, B),), None, False)
    assert found.keys
    assert not difference(_metadata("a"), Rule(((A,),), 0, metadata.selection), lambda a, b: a == b).keys
    one = difference(_metadata("a"), Rule(((A,), (B,)), 2, Selection()), lambda a, b: a == b)
    assert (one.threshold, one.selection) == (2, True)


def test_who_opens_alone() -> None:
    """With key groups, one key alone opens nothing; a group that nobody is left in goes."""
    metadata = _metadata("ab", "c", threshold=2)
    assert not opens_alone(metadata, (A,))
    assert opens_alone(metadata, (B, C))
    assert opens_alone(_metadata("ab"), (B,))
    assert without(keys_of(metadata), lambda key: key == C) == ((A, B),)
