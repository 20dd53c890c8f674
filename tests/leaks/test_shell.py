"""Named values on command lines and in scripts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.leaks.candidates.shell import in_script, in_words


def _named(script: str) -> list[tuple[str, str]]:
    return [(part.name, part.value) for part in in_script(script)]


@pytest.mark.parametrize(
    ("script", "named"),
    [
        ("export A_TOKEN=abc; run", [("A_TOKEN", "abc")]),
        ("A='b c' run --flag=x", [("A", "b c"), ("flag", "x")]),
        ('run --key "a b"', [("key", "a b")]),
        ("curl -u me:pw host", [("password", "pw")]),
        ("curl -s --user me:pw host", [("password", "pw")]),
        ("mysql -psecret", [("password", "secret")]),
        ("mysql -p", []),
        ("grep -psecret", []),
        ("# A=b\nrun", []),
        ("run < A=b", [("A", "b")]),
        ("docker run -e A=b -e C=d image", [("A", "b"), ("C", "d")]),
        ("openssl enc -passin pass:word", [("password", "word")]),
        ("openssl enc -passin file:/x", []),
    ],
)
def test_the_named_values_of_a_script_are_found(script: str, named: list[tuple[str, str]]) -> None:
    """Assignments, flags and the password options of known programs are read as the shell reads them."""
    found = _named(script)
    assert [pair for pair in named if pair not in found] == []
    if not named:
        assert found == []


def test_an_offset_points_at_the_value() -> None:
    """Where no quotes are inside a word, its span is exactly the value."""
    script = "export A=one && B='two three' run --c=four --d \"five\"\n"
    for part in in_script(script):
        assert script[part.start : part.end] == part.value


def test_words_keep_their_index() -> None:
    """A value in a list of words says in which word it stands."""
    parts = list(in_words(["run", "--password", "one", "--token=two"]))
    assert [(part.name, part.word, part.value) for part in parts] == [("password", 2, "one"), ("token", 3, "two")]


@given(st.text(alphabet="ab-=\"'`$(){}\\ \n;|&<>#:pPu", max_size=120))
def test_no_script_makes_the_reader_fail(script: str) -> None:
    """Broken quotes and stray signs are read as text, and offsets stay inside the script."""
    for part in in_script(script):
        assert 0 <= part.start <= part.end <= len(script)
    for part in in_words([script, "-p", script]):
        assert part.word in (0, 1, 2)


@pytest.mark.parametrize("unit", ['"', "'", "${", "$(", "`", "{{", "\\", "a=b ", "(", "<"])
def test_a_long_hostile_script_is_read_to_its_end(unit: str) -> None:
    """A hundred thousand openings without an end are read in one pass."""
    assert list(in_script(unit * 50_000)) is not None
