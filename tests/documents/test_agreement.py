"""The fast loader is used where it agrees, and left where it might not."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from ryaml import loads  # type: ignore[attr-defined]

from strongroom.documents.agreement import may_try, settle
from strongroom.documents.limits import DEFAULT, Limits


def quick(text: str) -> Any:
    """Return what the fast path makes of a text, ``...`` where it leaves it to the exact one."""
    if not may_try(text, DEFAULT):
        return ...
    body = loads(text)
    return body if settle(body, text) else ...


FAST = [
    ('a: "yes"\nb: \'0644\'\n"on": "1_0"\n', {"a": "yes", "b": "0644", "on": "1_0"}),
    ("a: 1.0\nb: 1e3\nc: 1.5\n", {"a": 1, "b": 1000, "c": 1.5}),
    ("a: 0x1F\nb: 2001-01-01\nc: 10.0.0.1\nd: 1.2.3\n", {"a": 31, "b": "2001-01-01", "c": "10.0.0.1", "d": "1.2.3"}),
    ("a: x && y\nb: |\n  if ! x; then\n  &&y **z**\n", {"a": "x && y", "b": "if ! x; then\n&&y **z**\n"}),
    ("a: [{b: c}]\n", {"a": [{"b": "c"}]}),
]
LEFT = [
    "a: yes\n", "on: a\n", "a: [no]\n", "a:\n  off\n", "- y\n", "{n: 1}\n", "a: 0644\n", "a: 1_000\n", "a: .inf\n", "a: 1_0 # c\n",
    "1: a\n", "true: a\n", "~: a\n", "? [a]\n: b\n", ": a\n", "a: &x 1\n", "a: !!str 1\n", "a: !t 1\n", "a: ! 1\n", "!t {a: b}\n",
    "a: {<<: {b: c}}\n", "yes", "a: !<x> b\n", "a: 0o9_1\n", "a: 08\n", "a: 1e_+5\n", "a: \u2028yes\u2028\n",
]  # fmt: skip


@pytest.mark.parametrize(("text", "body"), FAST)
def test_fast(text: str, body: Any) -> None:
    """Quoted words, numbers with one meaning and shell signs are no reason to leave the fast path."""
    found = quick(text)

    assert found == body
    assert repr(found) == repr(body)


@pytest.mark.parametrize("text", LEFT)
def test_left(text: str) -> None:
    """Whatever the two YAML versions might read in two ways is left to the exact path."""
    with contextlib.suppress(ValueError, TypeError):  # what the loader refuses by itself
        assert quick(text) is ...


def test_limits_below_the_loaders_own() -> None:
    """Where a caller allows less depth than the loader, or a document is nothing but nodes, the loader is not asked."""
    assert not may_try("a: b\n", Limits(max_depth=50))
    assert not may_try("- a\n" * 100, Limits(max_nodes=100))
