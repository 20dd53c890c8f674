"""Places in a text, as offsets in characters, and the way from a decoded value back to them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import msgspec


class Span(msgspec.Struct, frozen=True, order=True, gc=False):
    """A piece of a file: lines and columns from 1, columns in characters, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class Place(NamedTuple):
    """A piece of a text: offsets in characters, the end exclusive."""

    start: int
    end: int


class Run(NamedTuple):
    """A run of a value and what it was decoded from: the same characters where both have the same length."""

    value: int
    length: int
    source: int
    width: int


def trace(runs: Sequence[Run], start: int, end: int) -> Place | None:
    """Return where characters ``start`` to ``end`` of a value come from, None where ``runs`` do not cover them.

    A part of an escape or a fold is the whole of it.
    """
    first = _run_at(runs, start)
    last = _run_at(runs, max(end - 1, start))
    if first is None or last is None:
        return None
    begin = first.source + (start - first.value if first.length == first.width else 0)
    if end <= start:
        return Place(begin, begin)
    stop = last.source + (end - last.value if last.length == last.width else last.width)
    return Place(begin, max(begin, stop))


def _run_at(runs: Sequence[Run], offset: int) -> Run | None:
    index = bisect_right(runs, offset, key=lambda run: run.value) - 1
    if index < 0 or offset > runs[index].value + runs[index].length:
        return None
    return runs[index]


def decoded_length(runs: Sequence[Run]) -> int:
    """Return the length of the value that ``runs`` describe."""
    return runs[-1].value + runs[-1].length if runs else 0


class Lines:
    """The lines of a text, to turn places into spans. A line ends with a line feed, as in editors and reports.

    Args:
        text: the text that the places are offsets of.
        line: the 1-based line of its file where it starts.
    """

    def __init__(self, text: str, line: int = 1) -> None:
        self._starts = [0]
        at = text.find("\n")
        while at >= 0:
            self._starts.append(at + 1)
            at = text.find("\n", at + 1)
        self._line = line

    def span(self, place: Place) -> Span:
        """Return the span of a place."""
        return Span(*self.position(place.start), *self.position(place.end))

    def position(self, offset: int) -> tuple[int, int]:
        """Return the line and the column of an offset."""
        index = bisect_right(self._starts, offset) - 1
        return self._line + index, offset - self._starts[index] + 1
