"""Encrypted files merged in the process; the real sops reads what comes out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.keys.contexts import context
from tests.support.sops import age_key, environment, sops

from strongroom.errors import DocumentError, TamperedError
from strongroom.files.sops import data_key
from strongroom.files.sops.formats import format_of
from strongroom.files.sops.merge_files import Merged, Side, has_markers, merge_files, with_markers
from strongroom.files.sops.merge_trees import merge_trees
from strongroom.files.sops.opened import Opened, open_file
from strongroom.files.sops.rule import Rule
from strongroom.files.sops.sealing import encrypt, reseal
from strongroom.files.sops.selection import Selection
from strongroom.files.sops.tree import tree_of
from strongroom.keys.key import MasterKey
from strongroom.model.plaintext import Plaintext

WHERE = context(environment())
ALL = Selection(unencrypted_suffix="_unencrypted")
NOW, LATER = "2026-11-21T10:00:00Z", "2026-11-22T10:00:00Z"


def _sealed(data: bytes, name: str, selection: Selection = ALL) -> Opened:
    form = format_of(name)
    key = data_key.new()
    groups = data_key.wrap(key, ((MasterKey("age", age_key().recipient),),), 0, WHERE)
    rule = Rule(((MasterKey("age", age_key().recipient),),), 0, selection)
    return open_file(encrypt(Plaintext(data), form, rule, key, groups, NOW), form, lambda _: key)


def _edited(opened: Opened, data: bytes) -> Opened:
    return open_file(reseal(opened, Plaintext(data), LATER), opened.format, lambda _: opened.data_key)


def _side(opened: Opened) -> Side:
    return Side(opened.plain(), opened)


def _merged(base: Opened | None, ours: Opened, theirs: Opened) -> Merged:
    def wrap(key: Plaintext, groups: Any, threshold: int, keep: Any) -> Any:
        return data_key.wrap(key, groups, threshold, WHERE, keep=keep)

    past = _side(base) if base is not None else None
    return merge_files(past, _side(ours), _side(theirs), ours.format, wrap, LATER)


_VALUES = st.dictionaries(
    st.sampled_from("abcdef"),
    st.sampled_from(["x", "", "1", "yes", "two\nlines", "\u00e9", "# no comment"]) | st.integers(0, 5) | st.booleans(),
    min_size=1,
)


@settings(max_examples=25, deadline=None)
@given(_VALUES, _VALUES, _VALUES)
def test_sops_reads_every_merge(base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Whatever two sides made of a file: sops opens the result, which is the merge of the trees."""
    _check(base, ours, theirs)


@pytest.mark.verify
@settings(max_examples=2000, deadline=None)
@given(_VALUES, _VALUES, _VALUES)
def test_sops_reads_many_merges(base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """The same on many files."""
    _check(base, ours, theirs)


def _check(base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    texts = [json.dumps(one, indent=2, sort_keys=True).encode() for one in (base, ours, theirs)]
    past = _sealed(texts[0], "x.json")
    merged = _merged(past, _edited(past, texts[1]), _edited(past, texts[2]))
    trees = merge_trees(*(tree_of(text, past.format) for text in texts))
    assert bool(merged.conflicts) is bool(trees.conflicts)
    for side, tree in zip(merged.sides, (trees.ours, trees.theirs), strict=True):
        assert tree_of(side.reveal(), past.format) == tree
    if not merged.conflicts and trees.ours:
        plain = sops("decrypt", "--input-type", "json", "--output-type", "json", "/dev/stdin", stdin=merged.data)
        assert tree_of(plain, past.format) == trees.ours


def test_unchanged_side_keeps_its_bytes() -> None:
    """What only one side changed comes out as that side has it, but for MAC and time."""
    base = _sealed(b"# top\na: 1\nb:\n  - x\n  - y   # note\n", "x.yaml")
    theirs = _edited(base, b"# top\na: 2\nb:\n  - x\n  - z   # note\n")
    merged = _merged(base, base, theirs)
    old = theirs.encrypted.data.reveal().splitlines()
    new = merged.data.splitlines()
    changed = {line.strip().split(b":")[0] for line in set(old) ^ set(new)}
    assert changed <= {b"mac", b"lastmodified"}


def test_another_rule_of_one_side() -> None:
    """Where one side changed what is encrypted, the result follows it, and keeps the ciphertexts that it can."""
    base = _sealed(b"a: 1\nb: 2\n", "x.yaml", Selection(encrypted_regex="^a$"))
    key = base.data_key
    rule = Rule((), 0, Selection(encrypted_regex="^(a|b)$"))
    theirs = open_file(
        encrypt(Plaintext(b"a: 1\nb: 2\n"), base.format, rule, key, base.metadata.groups, LATER),
        base.format,
        lambda _: key,
    )
    merged = _merged(base, _edited(base, b"a: 1\nb: 3\n"), theirs)
    assert merged.conflicts == ()
    assert merged.data.count(b"ENC[") == 3
    assert (
        sops("decrypt", "--input-type", "yaml", "--output-type", "yaml", "/dev/stdin", stdin=merged.data)
        == b"a: 1\nb: 3\n"
    )
    other = _sealed(b"a: 1\n", "x.yaml", Selection(encrypted_regex="^c$"))
    with pytest.raises(DocumentError, match="which values are encrypted"):
        _merged(base, theirs, other)


def test_a_rule_of_one_side_exposes_nothing_of_the_other() -> None:
    """A rule can be changed without a key: what the other side added encrypted never comes out in plain by it."""
    base = _sealed(b"data: 1\nother: 2\n", "x.yaml", Selection(encrypted_regex="^(data|stringData)$"))
    ours = _edited(base, b"data: 1\nother: 2\nstringData: fresh-secret\n")
    changed = base.encrypted.data.reveal().replace(b"^(data|stringData)$", b"^(data)$")
    theirs = open_file(changed, base.format, lambda _: base.data_key)
    with pytest.raises(DocumentError, match="would stand in plain"):
        _merged(base, ours, theirs)


def test_comments_that_choose_stay_above_what_they_choose() -> None:
    """Two values that share the comment which has them encrypted: one of them is not left without it, in plain."""
    rule = Selection(encrypted_comment_regex="sops:enc")
    ours = _sealed(b"# sops:enc\na: first-secret\n", "x.yaml", rule)
    other = encrypt(
        Plaintext(b"# sops:enc\nb: second-secret\n"),
        ours.format,
        Rule((), 0, rule),
        ours.data_key,
        ours.metadata.groups,
        NOW,
    )
    theirs = open_file(other, ours.format, lambda _: ours.data_key)
    with pytest.raises(DocumentError, match="would stand in plain"):
        _merged(None, ours, theirs)


def test_new_data_key_of_theirs_is_known_to_nobody() -> None:
    """Whoever writes a branch can make up its data key: what ours holds is not sealed under it, nor under a former one."""
    base = _sealed(b"a: one\nb: two\n", "x.yaml")
    ours = _edited(base, b"a: one\nb: two\nfresh: secret\n")
    theirs = _sealed(b"a: made up\nb: two\n", "x.yaml")
    merged = _merged(base, ours, theirs)
    assert merged.conflicts == ()
    for known in (base.data_key, theirs.data_key):
        with pytest.raises(TamperedError):
            open_file(merged.data, base.format, lambda _, known=known: known)  # type: ignore[misc]
    plain = sops("decrypt", "--input-type", "yaml", "--output-type", "yaml", "/dev/stdin", stdin=merged.data)
    assert plain == b"a: made up\nb: two\nfresh: secret\n"


def test_several_documents() -> None:
    """Documents of a YAML stream are merged one by one."""
    base = _sealed(b"a: 1\n---\nb: 2\n", "x.yaml")
    merged = _merged(base, _edited(base, b"a: 9\n---\nb: 2\n"), _edited(base, b"a: 1\n---\nb: 2\nc: 3\n"))
    assert merged.sides[0].reveal() == b"a: 9\n---\nb: 2\nc: 3\n"
    assert open_file(merged.data, base.format, lambda _: base.data_key).plain().reveal() == merged.sides[0].reveal()


def test_conflict_holds_no_value() -> None:
    """The file of a conflict holds ciphertext alone, the text for the editor both values."""
    base = _sealed(b"a: one\n", "x.yaml")
    merged = _merged(base, _edited(base, b"a: Zq7-two\n"), _edited(base, b"a: Zq7-three\n"))
    assert merged.conflicts == ((0, "a"),)
    assert b"Zq7" not in merged.data
    assert has_markers(merged.data)
    assert merged.marked.reveal() == b"<<<<<<< ours\na: Zq7-two\n=======\na: Zq7-three\n>>>>>>> theirs\n"
    assert "Zq7" not in repr(merged)


def test_markers() -> None:
    """Markers stand on lines of their own, also where a file has no line end; without a difference there are none."""
    assert with_markers(b"a\nb", b"a\nc") == b"a\n<<<<<<< ours\nb\n=======\nc\n>>>>>>> theirs\n"
    assert with_markers(b"a\n", b"a\n") == b"a\n"
    assert not has_markers(b"a: <<<<<<< ours\n==\n")
