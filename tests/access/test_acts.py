"""Counts of how many acts away everybody is: the same as the closure finds that keeps every set."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.access.small import graph, node

from strongroom.access.acts import counted, near
from strongroom.access.closure import Closure
from strongroom.access.graph import Graph

_WORDS = ("a", "b", "c", "d", "e", "g1", "g2", "*x", "*y", "*z", "S", "T", "U", "V")

_LINES = st.lists(
    st.tuples(st.sampled_from(_WORDS), st.sampled_from(("", "= ")), st.sampled_from(_WORDS)).map(
        lambda drawn: f"{drawn[0]} {drawn[1]}{drawn[2]}"
    ),
    min_size=1,
    max_size=24,
)
"""Steps from anything to anything: Secrets lead further, powers include each other, in circles too."""


def _agree(found: Graph, at_once: int) -> None:
    targets = [index for index, one in enumerate(found.nodes) if one.kind in ("Secret", "Power")]
    closure = Closure(found, found.identities())
    levels = closure.levels(targets)

    expected = [[level.bit_count() for level in row[:-1]] for row in levels]
    assert counted(found, closure.sources, targets, at_once) == expected
    assert near(found, closure.sources, targets) == [row[0] | row[1] for row in levels]


@settings(max_examples=300)
@given(_LINES, st.sampled_from([1, 2, 8_192]))
def test_the_counts_are_those_of_the_whole_closure(lines: list[str], at_once: int) -> None:
    """Leaving out, following one for many and taking some at once change no count, and nobody who is near."""
    _agree(graph(*lines), at_once)


@pytest.mark.verify
@settings(max_examples=10_000)
@given(_LINES, st.sampled_from([1, 2, 8_192]))
def test_the_counts_are_those_of_the_whole_closure_on_thousands(lines: list[str], at_once: int) -> None:
    """The same on ten thousand graphs."""
    _agree(graph(*lines), at_once)


def test_many_of_the_same_count_each() -> None:
    """Identities that the same steps lead from count one by one, and so do Secrets that the same steps lead to."""
    found = graph(*(f"u{n} = g1" for n in range(37)), "g1 S", "g1 T", "b g1")
    targets = [found.number[node("S")], found.number[node("T")]]

    assert [row[:4] for row in counted(found, found.identities(), targets)] == [[0, 38, 1, 0]] * 2


def test_a_target_that_is_asked_about_itself() -> None:
    """A source that is a target reaches itself with no act, though another has the same steps."""
    found = graph("a S", "b S", "c a")
    sources = [found.number[node(word)] for word in "abc"]

    assert counted(found, sources, [sources[0]])[0][:3] == [1, 1, 0]
