"""Conversions of files in plain."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import StrongroomError, UsageError
from strongroom.files.sops.converting import convert
from strongroom.files.sops.formats import format_of
from strongroom.model.plaintext import Plaintext

_keys = st.text("abcdefgh", min_size=1, max_size=4)
_values = st.recursive(
    st.one_of(
        st.text(
            st.characters(
                codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\x7f\ufeff\u2028\u2029\x85"
            )
        ),
        st.integers(-(2**53), 2**53),
        st.booleans(),
        st.none(),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_keys, inner, max_size=3)),
    max_leaves=12,
)


def _convert(text: str, source: str, target: str) -> str:
    return convert(Plaintext(text), format_of("", source), format_of("", target)).reveal().decode()


@given(st.dictionaries(_keys, _values, min_size=1, max_size=4))
def test_yaml_and_json(tree: dict[str, object]) -> None:
    """From JSON to YAML and back nothing is lost, whatever texts look like; YAML 1.1 reads the YAML alike."""
    as_yaml = _convert(json.dumps(tree), "json", "yaml")

    assert json.loads(_convert(as_yaml, "yaml", "json")) == tree
    assert yaml.safe_load(as_yaml) == tree


@pytest.mark.parametrize(
    "text", ["yes", "012", "0o17", "1_000", "1e3", "~", "null", "2026-01-02", "a: b", "# x", "", "1:30", ".5"]
)
def test_texts_stay_texts(text: str) -> None:
    """A text that some YAML takes for something else stays a text."""
    assert yaml.safe_load(_convert(json.dumps({"a": text}), "json", "yaml")) == {"a": text}


@pytest.mark.parametrize(
    ("text", "source", "target", "said"),
    [
        ("a: 1\n---\nb: 2\n", "yaml", "json", "2 documents"),
        ("a: .inf\n", "yaml", "json", "infinite"),
        ("a: [1]\n", "yaml", "dotenv", "a is more than one"),
        ("a: 1\n", "yaml", "ini", "a stands in no section"),
        ("a: {b: [1]}\n", "yaml", "ini", "a.b is more than one"),
        ("a: 1\n", "yaml", "binary", "none"),
    ],
)
def test_what_cannot_be_held(text: str, source: str, target: str, said: str) -> None:
    """What a format cannot hold is an error that names the place."""
    with pytest.raises(UsageError, match=said):
        _convert(text, source, target)


def test_binary() -> None:
    """Binary is the text of the key data, there and back."""
    assert json.loads(_convert("x\ny", "binary", "json")) == {"data": "x\ny"}
    assert _convert('{"data": "x\\ny"}', "json", "binary") == "x\ny"


@pytest.mark.parametrize(("source", "text"), [("yaml", "a: " + "[" * 100_000), ("json", '{"a": ' + "[" * 100_000)])
def test_nesting_ends(source: str, text: str) -> None:
    """A file that nests too deeply is an error, and no crash."""
    with pytest.raises(StrongroomError):
        _convert(text, source, "json" if source == "yaml" else "yaml")
