"""Strategies for texts that are nearly YAML, and for bodies written as YAML and JSON in many styles."""

from __future__ import annotations

import json
from typing import Any

import yaml
from hypothesis import strategies as st

# Whatever matters to libyaml's scanner or to the meaning of a plain scalar, to be thrown together.
_PIECES = """a|b|on|y|0644|1.0|1_0|null|~|"q"|'s'|"e\\n\\u00e9"|é|😀|-|- |? |: |:| |  |#c| # c|[|]|{|}|, |,|<<|...|=|@|`|%|!|*|&
x y|k: v|-1|a: |b: |a:b|::|&x |*x|!t |!!str |!!int |<<: *x|<<: [*x, *y]|&y {b: 2}|&x {a: 1}|"":|key with space: |- - |yes|.5|0x1F"""
PIECES = [
    *_PIECES.replace("\n", "|").split("|"),
    "|",
    "|-",
    ">+",
    "|2",
    "\n",
    "\n\n",
    "\n  ",
    "\n    ",
    "\n- ",
    "\t",
    "\r\n",
]
PIECES += [
    "a: 1\n",
    "b: 2\n",
    '"a\n  b"',
    "'a\n\n  b'",
    '"a\\\n  b"',
    "|\n  t\n   u\n\n",
    ">\n  t\n  u\n\n  w\n",
    "---\n",
    "--- # c\n",
]

texts = st.lists(st.sampled_from(PIECES), min_size=1, max_size=14).map("".join)

_CHARACTERS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff\x85\u2028\u2029")
_WORDS = st.sampled_from(
    [
        "yes",
        "no",
        "on",
        "0644",
        "1.0",
        "true",
        "null",
        "~",
        "12",
        "1e3",
        "a=b",
        "#x",
        "x#y",
        "a:b",
        "it's",
        '"q"',
        "-",
        ":",
        "line",
        "word",
        "é",
        "😀",
        "{{x}}",
        "$(A)",
    ]
)
strings = st.one_of(
    st.text(_CHARACTERS, max_size=12),
    st.lists(st.one_of(_WORDS, st.sampled_from([" ", "  ", "\n", "\n\n", "\t", "\n  "])), max_size=12).map("".join),
)
_scalars = st.one_of(strings, st.integers(-(2**40), 2**40), st.booleans(), st.none())
bodies = st.dictionaries(
    strings,
    st.recursive(
        _scalars,
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(strings, inner, max_size=4)),
        max_leaves=8,
    ),
    min_size=1,
    max_size=4,
)


@st.composite
def yaml_files(draw: st.DrawFn) -> str:
    """A mapping as PyYAML writes it in some style."""
    options: dict[str, Any] = {
        "default_flow_style": draw(st.sampled_from([True, False, None])),
        "default_style": draw(st.sampled_from([None, "'", '"', "|", ">"])),
        "indent": draw(st.integers(2, 6)),
        "width": draw(st.sampled_from([20, 80, 1000])),
        "allow_unicode": draw(st.booleans()),
    }
    return str(yaml.safe_dump(draw(bodies), **options))


@st.composite
def json_files(draw: st.DrawFn) -> str:
    """A mapping as JSON."""
    return json.dumps(draw(bodies), indent=draw(st.sampled_from([None, 2])), ensure_ascii=draw(st.booleans()))


def leaves(body: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    """Return the scalars of a body with their paths."""
    if isinstance(body, dict):
        return [leaf for key, item in body.items() for leaf in leaves(item, (*path, key))]
    if isinstance(body, list):
        return [leaf for index, item in enumerate(body) for leaf in leaves(item, (*path, index))]
    return [(path, body)]
