"""Three-way merge of trees, and how files are read as trees."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import DocumentError
from strongroom.files.sops.formats import format_of
from strongroom.files.sops.merge_trees import ABSENT, merge_trees
from strongroom.files.sops.tree import to_json, tree_of

_SCALARS = st.tuples(st.just("str"), st.sampled_from("abc"))
_TREES: Any = st.recursive(
    _SCALARS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from("xyz"), below, max_size=3),
    max_leaves=8,
)


def _s(text: str) -> tuple[str, str]:
    return "str", text


@given(_TREES, _TREES)
def test_one_side_alone(base: Any, changed: Any) -> None:
    """What one side alone changed is the result; so is what both changed to the same."""
    for ours, theirs in ((changed, base), (base, changed), (changed, changed)):
        merged = merge_trees(base, ours, theirs)
        assert (merged.ours, merged.theirs, merged.conflicts) == (changed, changed, ())


@given(_TREES, _TREES, _TREES)
def test_sides_are_symmetrical(base: Any, ours: Any, theirs: Any) -> None:
    """Swapping the sides swaps the results, and the same places conflict; without conflict the results are one."""
    merged, swapped = merge_trees(base, ours, theirs), merge_trees(base, theirs, ours)
    assert set(merged.conflicts) == set(swapped.conflicts)
    assert (merged.ours, merged.theirs) == (swapped.theirs, swapped.ours)
    assert bool(merged.conflicts) or merged.ours == merged.theirs


def test_keys_are_merged_one_by_one() -> None:
    """Additions, changes and deletions of different keys go together."""
    base: Any = {"a": _s("1"), "b": _s("2"), "c": {"d": _s("3")}}
    merged = merge_trees(
        base,
        {"a": _s("9"), "b": _s("2"), "c": {"d": _s("3"), "e": _s("4")}},
        {"b": _s("2"), "a": _s("1"), "c": {"f": _s("5")}},
    )
    assert merged.conflicts == ()
    assert merged.ours == {"a": _s("9"), "b": _s("2"), "c": {"e": _s("4"), "f": _s("5")}}


def test_deletion_against_change() -> None:
    """To delete what the other side changed is a conflict, and each result keeps its side."""
    merged = merge_trees({"a": _s("1")}, {}, {"a": _s("2")})
    assert (merged.ours, merged.theirs, merged.conflicts) == ({}, {"a": _s("2")}, (("a",),))
    assert merge_trees(_s("1"), ABSENT, ABSENT).ours is ABSENT


def test_lists() -> None:
    """Lists of one length merge item by item, others by whole items; the same stretch changed twice is a conflict."""
    one, two, three = _s("1"), _s("2"), _s("3")
    assert merge_trees([one, two], [three, two], [one, three]).ours == [three, three]
    assert merge_trees([one, two], [three, one, two], [one, two, two]).ours == [three, one, two, two]
    merged = merge_trees([one], [one, two], [one, three])
    assert merged.conflicts == ((),)


def test_an_item_that_moved_keeps_what_the_other_side_gave_it() -> None:
    """In a list of the same length, what one side added to an item never goes to another one that took its place."""
    users: list[Any] = [{"user": _s(name)} for name in "xyz"]
    x, y, z = users
    secret: Any = {"password": _s("p")}
    assert merge_trees([x, y], [y, z], [x, {**y, **secret}]).ours == [{**y, **secret}, z]
    swapped = merge_trees([x, y], [y, x], [{**x, **secret}, y])
    assert swapped.conflicts or swapped.ours == [y, {**x, **secret}]
    replaced = merge_trees([x, y], [x, z], [x, {**y, **secret}])
    assert replaced.conflicts == ((),)
    assert (replaced.ours, replaced.theirs) == ([x, z], [x, {**y, **secret}])


def test_types_differ() -> None:
    """A number and the same digits in quotes are different values; a key that is given twice is refused."""
    yaml, json = format_of("a.yaml"), format_of("a.json")
    assert tree_of(b"a: 1\n", yaml) != tree_of(b'a: "1"\n', yaml)
    assert tree_of(b'{"a": 1}', json) != tree_of(b'{"a": 1.0}', json) != tree_of(b'{"a": "1.0"}', json)
    for data, form in ((b"a: 1\na: 2\n", yaml), (b'{"a": 1, "a": 2}', json), (b"a=1\na=2\n", format_of("a.env"))):
        with pytest.raises(DocumentError, match="given twice"):
            tree_of(data, form)


def test_json_is_written_as_it_was_read() -> None:
    """Numbers keep their digits, texts their characters."""
    text = '{"a": 1.50,"b": [1e400,{},[]],"c": "\u00e9\\n","d": null,"e": true}'
    tree = tree_of(text.encode(), format_of("a.json"))
    assert to_json(tree) == text
    assert tree_of(to_json(tree, "  ").encode(), format_of("a.json")) == tree
