"""The leaves of plainly written YAML, line by line, without a YAML parser.

Manifests, values and whatever sops writes are made of lines ``key: value`` and ``- item``. Of such files this gives
what ``yaml_events`` and ``yaml_tree`` give, sooner, and the parser need not be loaded; at the first line that is
anything else, at a comment that does not stand right above or beside what it is about, it gives up.
"""

from __future__ import annotations

import re
from typing import Final

from strongroom.errors import DocumentError
from strongroom.files.sops.formats.yaml_builder import Builder

_PLAIN: Final = r"(?:[A-Za-z0-9_/.+=~^$()<\\;]|-(?=[^ \-]))(?:[^ :#\n]|:(?=[^ \n])|(?<=[^ ])\#| +(?=[^ #\n]))*"
_LINE: Final = re.compile(
    r"(?P<margin> *)(?P<dashes>(?:- )*)"
    r"(?:(?P<key>[A-Za-z_][A-Za-z0-9_./-]*|\"[A-Za-z0-9_./ -]+\"):(?=[ \n]))?"
    rf" ?(?P<value>{_PLAIN}|\"[^\"\\\n]*\"|'[^'\n]*'|\|-?|\[\]|\{{\}})?"
    r" *(?P<comment>(?<= )\#[^\n]*)?(?:\n|\Z)"
)
_COMMENT: Final = re.compile(r" *(\#[^\n]*)(?:\n|\Z)")
_BLANK: Final = re.compile(r"(?: *\n)+")
_BLOCK: Final = re.compile(r"(?P<margin> +)(?=[^ \n])[^\n]*(?:\n|\Z)")
_ODD: Final = re.compile(
    "[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]|^(?:---|\\.\\.\\.)(?!\n)", re.MULTILINE
)
_SEPARATOR: Final = "---\n"
_SPECIAL: Final = frozenset(" #-\n")
_COLLECTIONS: Final = frozenset(("[]", "{}"))
_NO_COMMENT: Final = frozenset(("[]", "{}", "|", "|-"))


class _Mark:
    """Where something stands."""

    __slots__ = ("column", "index", "line")

    def __init__(self, index: int, line: int, column: int) -> None:
        self.index = index
        self.line = line
        self.column = column


class _Unknown(Exception):  # noqa: N818 - never leaves the module
    """A line that is not plainly written."""


def build(text: str) -> Builder | None:
    """Return what a text holds, None where it is not plainly written.

    Raises:
        LimitError: it is too deep.
    """
    if _ODD.search(text) is not None or not text:
        return None
    lines = _Lines(text)
    try:
        lines.run()
    except (_Unknown, DocumentError):
        return None  # what is wrong, and where, the others know better
    return lines.builder


class _Lines:
    def __init__(self, text: str) -> None:
        self.builder = Builder(text)
        self.builder.has_comments = "#" in text
        self._text = text
        self._at = 0
        self._open: list[tuple[int, bool]] = []  # column, mapping
        self._waits = False  # a key or a dash has no value yet
        self._plain = False  # the last value would go on in a line that stands deeper
        self._above: list[tuple[int, int]] = []
        self._begun = False

    def run(self) -> None:
        """Read all documents."""
        text, size = self._text, len(self._text)
        while self._at < size:
            if text[self._at] in _SPECIAL and self._is_special():
                continue
            if not self._begun:
                self.builder.begin()
                self._begun = True
            self._line()
        if not self._begun:
            raise _Unknown
        self._finish(size)

    def _is_special(self) -> bool:
        """Go over blank lines, a comment or a separator."""
        text = self._text
        if (blank := _BLANK.match(text, self._at)) is not None:
            if self._above:
                raise _Unknown
            self._at = blank.end()
        elif (comment := _COMMENT.match(text, self._at)) is not None:
            self._above.append(comment.span(1))
            self._at = comment.end()
        elif text.startswith(_SEPARATOR, self._at):
            if self._begun:
                self._finish(self._at)
            elif self._above:
                raise _Unknown
            self.builder.begin()
            self._begun = True
            self._at += len(_SEPARATOR)
        else:
            return False
        return True

    def _finish(self, at: int) -> None:
        if self._above or not self._open:
            raise _Unknown
        self._shut(-1)
        self._plain = False
        self.builder.end(at)

    def _null(self) -> None:
        if self._waits:
            self.builder.scalar("", None, _Mark(self._at, 0, 0), self._at, "")
            self._waits = False

    def _shut(self, column: int) -> None:
        """End the collections that stand deeper than a column."""
        self._null()
        while self._open and self._open[-1][0] > column:
            self._open.pop()
            self.builder.close(0)

    def _line(self) -> None:
        text = self._text
        match = _LINE.match(text, self._at)
        if match is None:
            raise _Unknown
        start = self._at
        (_, behind), margin, dash, named, valued, comment = match.regs
        column, has_key, has_value = margin[1] - start, named[0] >= 0, valued[0] >= 0
        dashes = (dash[1] - dash[0]) // 2
        if not has_key and (not dashes or not has_value):
            raise _Unknown
        if self._plain and column > self._open[-1][0]:
            raise _Unknown
        self._to(column, dashes > 0)
        if self._above:
            self._heads(margin[1])
        if dashes:
            for _ in range(dashes - 1):
                # a list in a list: the next dash stands two columns on
                column += 2
                self._begin(column, False, start + column)
            column += 2
            if has_key:
                self._begin(column, True, start + column)
        value = text[valued[0] : valued[1]]
        if comment[0] >= 0:
            if value in _NO_COMMENT:
                raise _Unknown
            self.builder.comment(text[comment[0] + 1 : comment[1]], comment[0] + 1, comment[1])
        if has_key:
            self._key(text[named[0] : named[1]], named[0])
        self._at = behind
        self._plain = False
        self._waits = not has_value
        if has_value:
            self._value(value, valued[0], valued[1])

    def _to(self, column: int, is_item: bool) -> None:
        """Go to the collection that a line at a column belongs to."""
        stack = self._open
        if not stack:
            self._begin(column, not is_item, self._at + column)
            return
        top, is_map = stack[-1]
        if column == top and not self._waits and is_map != is_item:
            return
        if self._waits and (column > top or (column == top and is_map and is_item)):
            self._begin(column, not is_item, self._at + column)
            return
        self._shut(column)
        if stack and not is_item and not stack[-1][1] and stack[-1][0] == column:
            # a list at the column of its key
            stack.pop()
            self.builder.close(0)
        if not stack or stack[-1] != (column, not is_item):
            raise _Unknown

    def _begin(self, column: int, is_map: bool, at: int) -> None:
        self._waits = False
        self._open.append((column, is_map))
        self.builder.collection(is_map, False, _Mark(at, 0, column))

    def _heads(self, at: int) -> None:
        column = at - (self._text.rfind("\n", 0, at) + 1)
        for start, end in self._above:
            if start - (self._text.rfind("\n", 0, start) + 1) != column:
                raise _Unknown
            self.builder.comment(self._text[start + 1 : end], start + 1, end)
        self._above = []

    def _key(self, key: str, at: int) -> None:
        if key[0] == '"':
            self.builder.scalar(key[1:-1], None, _Mark(at, 0, 0), at + len(key), '"')
        else:
            self.builder.scalar(key, None, _Mark(at, 0, 0), at + len(key), "")

    def _value(self, value: str, start: int, end: int) -> None:
        builder, first = self.builder, value[0]
        mark = _Mark(start, 0, 0)
        if first == '"' or first == "'":
            builder.scalar(value[1:-1], None, mark, end, first)
        elif first == "|":
            self._block(value, start)
        elif value in _COLLECTIONS:
            builder.collection(first == "{", True, mark)
            builder.close(end - 1)
        else:
            builder.scalar(value, None, mark, end, "")
            self._plain = True

    def _block(self, header: str, start: int) -> None:
        """A literal block: lines that stand deeper than what holds it."""
        text, at = self._text, self._at
        first = _BLOCK.match(text, at)
        column = self._open[-1][0]
        if first is None or len(first["margin"]) <= column:
            raise _Unknown
        margin = first["margin"]
        lines = []
        while text.startswith(margin, at):
            end = text.find("\n", at)
            if end < 0:
                raise _Unknown
            lines.append(text[at + len(margin) : end + 1])
            at = end + 1
        following = _BLANK.match(text, at)
        if following is not None or not lines[-1].strip(" \n"):
            raise _Unknown
        content = "".join(lines)
        self._at = at
        self.builder.scalar(content if header == "|" else content[:-1], None, _Mark(start, 0, 0), at, "|")
