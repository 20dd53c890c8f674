"""Three-way merge of files in plain."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from strongroom.files.sops.formats import format_of
from strongroom.files.sops.merge_text import merge_text
from strongroom.files.sops.merge_trees import merge_trees
from strongroom.files.sops.tree import tree_of

YAML, JSON, ENV, INI = (format_of(f"x.{suffix}") for suffix in ("yaml", "json", "env", "ini"))
BASE = b"""\
# top
a: 1
b: two   # two
list:
  - x
  - y
s:
  k: v
"""


def test_additions_at_the_same_place() -> None:
    """Keys that both sides add at the end go together, each with its comment."""
    merged = merge_text(BASE, BASE + b"# mine\nnew1: 1\n", BASE + b"# other\nnew2: 2\n", YAML)
    assert merged.conflicts == ()
    assert merged.ours == merged.theirs == BASE + b"# mine\nnew1: 1\n# other\nnew2: 2\n"


def test_layout_stays() -> None:
    """Changes of neighbouring lines go together, and comments and spaces around them stay."""
    merged = merge_text(BASE, BASE.replace(b"a: 1", b"a: 2"), BASE.replace(b"two ", b"'2' "), YAML)
    assert merged.ours == BASE.replace(b"a: 1", b"a: 2").replace(b"two ", b"'2' ")
    assert not merged.conflicts


def test_conflict_is_no_larger_than_it_is() -> None:
    """Only the value that both sides changed differs between the two results."""
    ours = BASE.replace(b"a: 1", b"a: 2") + b"z: 1\n"
    theirs = BASE.replace(b"a: 1", b"a: 3") + b"y: 1\n"
    merged = merge_text(BASE, ours, theirs, YAML)
    assert merged.conflicts == ((0, "a"),)
    assert merged.ours.replace(b"a: 2", b"a: 3") == merged.theirs
    assert b"z: 1\ny: 1\n" in merged.ours


def test_comments_are_not_lost() -> None:
    """New comments of both sides are in the result; where that cannot be, it is a conflict."""
    merged = merge_text(BASE, BASE.replace(b"# top", b"# one"), BASE.replace(b"# top", b"# other"), YAML)
    assert b"# one\n" in merged.ours
    assert b"# other\n" in merged.ours


def test_what_lines_cannot_join_is_left_to_a_person() -> None:
    """Where no text has the meaning of the merge, both files stand against each other: nothing is guessed."""
    merged = merge_text(b"{a: 1, b: 2}\n", b"{a: 9, b: 2}\n", b"{a: 1, b: 9}\n", YAML)
    assert merged.conflicts == ((),)
    assert (merged.ours, merged.theirs) == (b"{a: 9, b: 2}\n", b"{a: 1, b: 9}\n")


def test_json_is_written_anew_where_it_has_to_be() -> None:
    """Members that both sides append to a JSON object go together, with the indentation of ours."""
    merged = merge_text(b'{\n\t"a": 1\n}\n', b'{\n\t"a": 1,\n\t"b": 2\n}\n', b'{\n\t"a": 1,\n\t"c": 3\n}\n', JSON)
    assert merged.ours == b'{\n\t"a": 1,\n\t"b": 2,\n\t"c": 3\n}\n'
    assert not merged.conflicts


def test_flat_formats() -> None:
    """Dotenv and INI are merged name by name."""
    assert merge_text(b"a=1\n", b"a=1\nb=2\n", b"a=9\nc=3\n", ENV).ours == b"a=9\nc=3\nb=2\n"
    assert merge_text(b"[s]\na=1\n", b"[s]\na=1\nb=2\n", b"[s]\na=1\n[t]\nc=3\n", INI).conflicts == ()


def test_without_a_common_past() -> None:
    """Files that both sides added have what they share once, and the rest of both."""
    merged = merge_text(b"", b"same: 1\nours: 1\n", b"same: 1\ntheirs: 2\n", YAML)
    assert merged.ours == b"same: 1\nours: 1\ntheirs: 2\n"
    assert not merged.conflicts


_KEYS = st.sampled_from([f"key{n}" for n in range(6)])
_MAPS = st.dictionaries(_KEYS, st.sampled_from(["one", "two", "'3'", "4"]), min_size=1, max_size=6)


def _written(body: dict[str, str], *, ordered: bool) -> bytes:
    keys = sorted(body) if ordered else list(body)
    return "".join(f"{key}: {body[key]}\n" for key in keys).encode()


@settings(max_examples=300, deadline=None)
@given(_MAPS, _MAPS, _MAPS)
def test_text_means_what_the_trees_mean(base: dict[str, str], ours: dict[str, str], theirs: dict[str, str]) -> None:
    """Of files with one order of keys, each result reads as the merge of the trees, key by key, unless that is empty."""
    past, mine, other = (_written(one, ordered=True) for one in (base, ours, theirs))
    trees = merge_trees(*(tree_of(text, YAML) for text in (past, mine, other)))
    assume([{}] not in (trees.ours, trees.theirs))
    merged = merge_text(past, mine, other, YAML)
    assert tree_of(merged.ours, YAML) == trees.ours
    assert tree_of(merged.theirs, YAML) == trees.theirs
    assert bool(merged.conflicts) is bool(trees.conflicts)


@settings(max_examples=150, deadline=None)
@given(_MAPS, _MAPS, _MAPS)
def test_nothing_is_lost_in_silence(base: dict[str, str], ours: dict[str, str], theirs: dict[str, str]) -> None:
    """Whatever the order of keys: without conflict the text is the merge of the trees; else a person sees both sides."""
    past, mine, other = (_written(one, ordered=False) for one in (base, ours, theirs))
    merged = merge_text(past, mine, other, YAML)
    trees = merge_trees(*(tree_of(text, YAML) for text in (past, mine, other)))
    if not merged.conflicts:
        assert trees.conflicts == ()
        assert tree_of(merged.ours, YAML) == trees.ours
    elif tree_of(merged.ours, YAML) != trees.ours:
        assert (merged.ours, merged.theirs) == (mine, other)
