"""What a value's reading depends on beside its own line: the fields above it, and the lines that belong to it."""

from __future__ import annotations

import bisect
import re

_LINE = re.compile(rb"^([ \t]*)((?:-[ \t]+)*)([^\s#][^\n]*)", re.MULTILINE)
_NAMED = re.compile(
    rb"^(?:apiVersion|kind|metadata:[^\n]*\bname|[ ]{1,4}(?:name|namespace))[\"']?:.*$|^metadata:.*$", re.MULTILINE
)
_SHARED = (b": &", b"- &", b", &", b"[&", b": *", b"- *", b", *", b"[*", b"<<:")
"""How anchors, aliases and merged mappings are written: what stands elsewhere counts here."""
_MOST_LINES = 20_000


class Context:
    """The shape of a text, as YAML's indentation and that of laid-out JSON give it.

    Attributes:
        is_whole: everything in the text may depend on everything: anchors, or too many lines.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        found = list(_LINE.finditer(data))
        self.is_whole = len(found) > _MOST_LINES or any(sign in data for sign in _SHARED)
        self._starts = [match.start() for match in found]
        self._indents = [len(match[1]) + len(match[2]) for match in found]
        self._items = [match.start(2) - match.start() if match[2] else -1 for match in found]
        self._names = [match[3].partition(b":")[0] for match in found]

    def about(self) -> bytes:
        """Return what names the objects of the text."""
        return b"\n".join(_NAMED.findall(self._data)) + b"\n%d" % self._data.count(b"\n---")

    def of(self, start: int, end: int) -> bytes:
        """Return what a span depends on: its lines with what is indented below them, and the way to it."""
        first = max(bisect.bisect_right(self._starts, start) - 1, 0)
        last = max(bisect.bisect_right(self._starts, max(end - 1, start)) - 1, first)
        below = last + 1
        while below < len(self._starts) and self._indents[below] > self._indents[last]:
            below += 1
        stop = self._starts[below] if below < len(self._starts) else len(self._data)
        begin = self._starts[first] if self._starts else 0
        return b"\0".join((self._data[begin:stop], *self._above(first), b"%d" % self._documents(begin)))

    def _above(self, line: int) -> list[bytes]:
        """Return the names of the fields above a line, and how many items stand before it in each list."""
        if not self._starts:
            return []
        way: list[bytes] = []
        indent, items = self._indents[line], 0
        item = self._items[line]
        for index in range(line - 1, -1, -1):
            if item >= 0 and self._items[index] == item:
                items += 1
            if self._indents[index] < indent or (item > self._items[index] >= 0):
                way.append(b"%d:%d:%b" % (self._indents[index], items, self._names[index]))
                indent, item, items = self._indents[index], self._items[index], 0
                if indent == 0:
                    break
        return way

    def _documents(self, offset: int) -> int:
        return self._data.count(b"\n---", 0, offset)
