"""What a value's reading depends on beside its own line: the fields above it, and the lines that belong to it."""

from __future__ import annotations

import bisect
import re
from typing import NamedTuple

_LINE = re.compile(rb"^([ \t]*)((?:-[ \t]+)*)([^\s#][^\n]*)", re.MULTILINE)
_TOP = re.compile(rb"\n(?!-[ \t])[^\s#]")
"""A line of the outermost level; what is between two of them depends on nothing else."""
_NAMED = re.compile(
    rb"\n(?:(?:apiVersion|kind|metadata:[^\n]*\bname|[ ]{1,4}(?:name|namespace))[\"']?:[^\n]*|metadata:[^\n]*)"
)
_SHARED = (b": &", b"- &", b", &", b"[&", b": *", b"- *", b", *", b"[*", b"<<:")
"""How anchors, aliases and merged mappings are written: what stands elsewhere counts here."""
_SHARING = (b"&", b"*", b"<<:")
_MOST_LINES = 20_000


class _Part(NamedTuple):
    """The lines from one of the outermost level to the next."""

    lines: list[re.Match[bytes]]
    starts: list[int]
    indents: list[int]
    items: list[int]


class Context:
    """The shape of a text, as YAML's indentation and that of laid-out JSON give it; read only where it is asked for.

    Attributes:
        is_whole: everything in the text may depend on everything: anchors, or too many lines.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.is_whole = data.count(b"\n") > _MOST_LINES or _shares(data)
        self._tops: list[int] = []
        self._parts: dict[tuple[int, int], _Part] = {}

    def about(self) -> bytes:
        """Return what names the objects of the text."""
        return b"".join(_NAMED.findall(b"\n" + self._data)) + b"\n%d" % self._data.count(b"\n---")

    def of(self, start: int, end: int) -> bytes:
        """Return what a span depends on: its lines with what is indented below them, and the way to it."""
        part, beyond = self._part(start, end)
        starts, indents = part.starts, part.indents
        first = max(bisect.bisect_right(starts, start) - 1, 0)
        last = max(bisect.bisect_right(starts, max(end - 1, start)) - 1, first)
        below = last + 1
        while below < len(starts) and indents[below] > indents[last]:
            below += 1
        stop = starts[below] if below < len(starts) else beyond
        begin = starts[first] if starts else 0
        return b"\0".join((self._data[begin:stop], *_above(part, first), b"%d" % self._data.count(b"\n---", 0, begin)))

    def _part(self, start: int, end: int) -> tuple[_Part, int]:
        """Return the lines around a span, and where they end."""
        if not self._tops:
            self._tops = [0, *(match.start() + 1 for match in _TOP.finditer(self._data))]
        begin = self._tops[bisect.bisect_right(self._tops, start) - 1]
        after = bisect.bisect_right(self._tops, max(end - 1, start))
        stop = self._tops[after] if after < len(self._tops) else len(self._data)
        part = self._parts.get((begin, stop))
        if part is None:
            part = self._parts[begin, stop] = _read(self._data, begin, stop)
        return part, stop


def _shares(data: bytes) -> bool:
    # Most texts hold none of the single bytes, which are found ten times as fast as two or three in a row.
    return any(sign in data for sign in _SHARING) and any(sign in data for sign in _SHARED)


def _read(data: bytes, begin: int, stop: int) -> _Part:
    lines = list(_LINE.finditer(data, begin, stop))
    starts = [match.start() for match in lines]
    indents = [match.start(3) - match.start() for match in lines]
    items = [match.start(2) - match.start() if match[2] else -1 for match in lines]
    return _Part(lines, starts, indents, items)


def _above(part: _Part, line: int) -> list[bytes]:
    """Return the names of the fields above a line, and how many items stand before it in each list."""
    if not part.starts:
        return []
    way: list[bytes] = []
    indents = part.indents
    indent, items = indents[line], 0
    item = part.items[line]
    for index in range(line - 1, -1, -1):
        other = part.items[index]
        if item >= 0 and other == item:
            items += 1
        elif item < 0 <= other and indents[index] == indent:
            item = other  # the line that the item begins with, which this field belongs to
        if indents[index] < indent or (item > other >= 0):
            way.append(b"%d:%d:%b" % (indents[index], items, part.lines[index][3].partition(b":")[0]))
            indent, item, items = indents[index], other, 0
            if indent == 0:
                break
    return way
