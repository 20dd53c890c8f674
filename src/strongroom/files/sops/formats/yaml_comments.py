"""Where comments of a YAML file belong, as go.yaml.in/yaml/v3 has it: above, beside or below a node.

libyaml drops comments; go-yaml's scanner (``scannerc.go``) keeps each with the token that it is nearest to, by columns
and blank lines, and its rules decide under which keys sops encrypts a comment. This follows that scanner over
libyaml's tokens: only the blanks and comments between two tokens are looked at again, sign by sign.
"""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

_LIMIT: Final = 512  # go-yaml looks no further ahead than this
_BREAKS: Final = "\r\n\x85\u2028\u2029"
_ENDS: Final = _BREAKS + "\0"
_BLANK_OR_BREAK: Final = frozenset(" \t" + _BREAKS)
_LINE_END: Final = re.compile(f"[{_ENDS}]")
_SPACE: Final = re.compile(f"[ \t{_BREAKS}]*")
_BLANKS: Final = re.compile("[ \t]*")
_ONE_BREAK: Final = re.compile(f"\r\n|[{_BREAKS}]")
_HEADER: Final = re.compile(r"[|>][-+0-9]*[ \t]+(?=\#)")

Line = tuple[str, int]
"""One line of a comment with its sign, and where it stands; an empty one separates two paragraphs."""


class Token:
    """A token: libyaml's own, and where it starts for the rules of comments."""

    __slots__ = ("kind", "of", "start")

    def __init__(self, kind: type, of: Any, start: int) -> None:
        self.kind = kind
        self.of = of
        self.start = start


class _Comment:
    """A comment: the token from which on it counts, and its lines above, beside or below."""

    __slots__ = ("column", "end", "foot", "head", "line", "scan", "start", "token")

    def __init__(self, token: int, start: int, column: int, scan: int = 0, end: int = 0) -> None:
        self.token = token
        self.start = start
        self.column = column
        self.scan = scan
        self.end = end
        self.head: list[Line] = []
        self.line: list[Line] = []
        self.foot: list[Line] = []


class Feed:
    """Gives tokens one after the other, and gathers the comments that were passed.

    Args:
        text: the file.
        tokens: libyaml's tokens of it, all of them.
    """

    def __init__(self, text: str, tokens: list[Any]) -> None:
        scan = _Scan(text, tokens)
        scan.run()
        self._tokens = scan.tokens
        self._comments = scan.comments
        self._at = 0
        self._passed = 0
        self.head: list[Line] = []
        self.line: list[Line] = []
        self.foot: list[Line] = []

    def peek(self) -> Token:
        """Return the next token; the comments in front of it are passed (``yaml_parser_unfold_comments``)."""
        token = self._tokens[self._at]
        comments = self._comments
        while self._passed < len(comments) and token.start >= comments[self._passed].token:
            comment = comments[self._passed]
            if comment.head and token.kind is yaml.BlockEndToken:
                break
            self.head = self.head + comment.head
            self.foot = self.foot + comment.foot
            self.line = self.line + comment.line
            self._passed += 1
        return token

    def skip(self) -> None:
        """Go behind the next token."""
        self._at += 1

    def comments(self) -> list[Line]:
        """Return every line of every comment."""
        return [line for each in self._comments for line in (*each.head, *each.line, *each.foot)]

    def take(self) -> tuple[list[Line], list[Line], list[Line]]:
        """Return the comments that were passed, above, beside and below, and forget them."""
        found = self.head, self.line, self.foot
        self.head, self.line, self.foot = [], [], []
        return found


_HELD_KINDS: Final = frozenset((yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken, yaml.KeyToken))
_OPENING: Final = frozenset((yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken))
_CLOSING: Final = frozenset((yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken))
_WITHOUT_LINE: Final = frozenset(
    (
        yaml.StreamStartToken,
        yaml.StreamEndToken,
        yaml.DirectiveToken,
        yaml.DocumentStartToken,
        yaml.DocumentEndToken,
        yaml.BlockEntryToken,
    )
)
_UNROLLING: Final = frozenset((yaml.StreamEndToken, yaml.DocumentStartToken, yaml.DocumentEndToken))


def _is_virtual(token: Any) -> bool:
    return type(token) in _HELD_KINDS and token.start_mark.index == token.end_mark.index


def _with_colon(tokens: list[Any]) -> tuple[dict[int, int], set[int]]:
    """Return what the scanner learns at a colon: columns of mappings by the colon's number, and their marks' numbers.

    libyaml puts the marks of a mapping and of a key in front of the key, once the colon behind it was found.
    """
    columns: dict[int, int] = {}
    held: set[int] = set()
    open_keys: list[tuple[int, int | None]] = []
    flow = 0
    for number, token in enumerate(tokens):
        kind = type(token)
        if kind is yaml.KeyToken and _is_virtual(token):
            before = tokens[number - 1]
            block = number - 1 if type(before) is yaml.BlockMappingStartToken else None
            held.update({number, block} if block is not None else {number})
            open_keys.append((flow, block))
        elif kind is yaml.ValueToken and open_keys and open_keys[-1][0] == flow:
            block = open_keys.pop()[1]
            if block is not None:
                columns[number] = tokens[block].start_mark.column
        flow += (kind in _OPENING) - (kind in _CLOSING)
    return columns, held


class _Scan:
    """One pass over the tokens that finds the comments between them, and where blocks end in front of comments."""

    def __init__(self, text: str, tokens: list[Any]) -> None:
        self._text = text + "\0\0"
        self._source = tokens
        self.tokens: list[Token] = []
        self.comments: list[_Comment] = []
        self._last: list[Token] = []  # in the order in which the scanner finds them
        self._indents: list[int] = []
        self._indent = -1
        self._flow = 0
        self._at = self._line = self._column = 0
        self._newlines = 0
        self._columns, self._held = _with_colon(tokens)

    def run(self) -> None:
        """Fill ``tokens`` and ``comments``."""
        waiting: list[tuple[int, Any]] = []
        for number, token in enumerate(self._source):
            if type(token) is yaml.BlockEndToken:
                continue
            if _is_virtual(token):
                waiting.append((number, token))
                continue
            self._fetch(number, token, waiting)
            waiting = []

    def _fetch(self, number: int, token: Any, waiting: list[tuple[int, Any]]) -> None:
        kind, mark = type(token), token.start_mark
        if kind is not yaml.StreamStartToken:
            scan = self._at
            self._gap(mark)
            self._unroll(self._column, scan)
            if kind in _UNROLLING:
                self._unroll(-1, self._at)
        beside = self._beside()
        for place, each in waiting:
            found = Token(type(each), each, each.start_mark.index)
            self.tokens.append(found)
            if place not in self._held:
                self._last.append(found)
                self._roll(each.start_mark.column)
        if number in self._columns:
            self._roll(self._columns[number])
        found = Token(kind, token, mark.index)
        self.tokens.append(found)
        self._last = [*self._last[-1:], found]
        self._flow += (kind in _OPENING) - (kind in _CLOSING)
        self._behind(token)
        if kind not in _WITHOUT_LINE:
            self._line_comment(beside)

    def _beside(self) -> int:
        """Return the token that a comment on the rest of the line belongs to."""
        if self._last and self._text[self._at] == ("," if self._flow else ":"):
            # behind a colon or a comma, it is the one in front of it
            return self._last[-1].start
        return self._at

    def _roll(self, column: int) -> None:
        self._indents.append(self._indent)
        self._indent = column

    def _unroll(self, column: int, scan: int) -> None:
        """End blocks, each in front of the comments that stand at its indentation (``yaml_parser_unroll_indent``)."""
        if self._flow:
            return
        end = scan - 1
        while self._indent > column:
            stop = end
            for comment in reversed(self.comments):
                if comment.end < stop:
                    break
                if comment.column == self._indent + 1:
                    end = comment.start
                stop = comment.scan
            found = Token(yaml.BlockEndToken, None, end)
            self.tokens.append(found)
            self._last.append(found)
            self._indent = self._indents.pop()

    def _behind(self, token: Any) -> None:
        """Go to where the scanner stands once it has read a token."""
        kind, end = type(token), token.end_mark
        self._at, self._line, self._column, self._newlines = end.index, end.line, end.column, 0
        if kind is yaml.ScalarToken and token.style in {"|", ">"}:
            self._header(token)
            self._newlines = self._breaks_before(end.index)
            self._over_space()
        elif kind is yaml.ScalarToken and token.plain:
            self._over_space()
        elif kind is yaml.DirectiveToken:
            self._to_line_end()
            self._break()

    def _header(self, token: Any) -> None:
        start = token.start_mark.index
        match = _HEADER.match(self._text, start)
        if match is not None:
            self.comments.append(comment := _Comment(start, match.end(), 0))
            comment.line = [(self._text[match.end() : self._line_end(match.end())], match.end())]

    def _breaks_before(self, at: int) -> int:
        text, start = self._text, at
        while start and text[start - 1] in _BLANK_OR_BREAK:
            start -= 1
        return len(_ONE_BREAK.findall(text, start, at))

    def _over_space(self) -> None:
        match = _SPACE.match(self._text, self._at)
        if match is not None:
            self._go(match.end())

    def _go(self, to: int) -> None:
        """Go over blanks and line breaks."""
        breaks = 0
        for match in _ONE_BREAK.finditer(self._text, self._at, to):
            breaks += 1
            self._column = 0
            self._at = match.end()
        self._line += breaks
        self._newlines += breaks
        self._column += to - self._at
        self._at = to

    def _line_end(self, at: int) -> int:
        match = _LINE_END.search(self._text, at)
        return match.start() if match is not None else len(self._text) - 2

    def _to_line_end(self) -> None:
        end = self._line_end(self._at)
        self._column += end - self._at
        self._at = end

    def _break(self) -> bool:
        match = _ONE_BREAK.match(self._text, self._at)
        if match is None:
            return False
        self._go(match.end())
        return True

    def _line_comment(self, token: int) -> None:
        """A comment on the rest of the line of a token (``yaml_parser_scan_line_comment``)."""
        if self._newlines:
            return
        match = _BLANKS.match(self._text, self._at)
        start = match.end() if match is not None else self._at
        if start - self._at < _LIMIT and self._text[start] == "#":
            self.comments.append(comment := _Comment(token, start, 0))
            self._column += start - self._at
            self._at = start
            comment.line = [self._read()]

    def _read(self) -> Line:
        start = self._at
        self._to_line_end()
        self._newlines = 0
        return self._text[start : self._at], start

    def _gap(self, mark: Any) -> None:
        """Go to the next token; what stands in between are blanks and comments (``yaml_parser_scan_to_next_token``)."""
        stop: int = mark.index
        text = self._text
        if "#" not in text[self._at : stop]:
            self._go(stop)
            return
        scan = self._at, self._line
        while True:
            match = _BLANKS.match(text, self._at)
            if match is not None:
                self._go(match.end())
            if text[self._at] == "#":
                self._scan_comments(*scan)
            if not self._break():
                return

    def _scan_comments(self, scan: int, scan_line: int) -> None:  # noqa: C901 - one loop there, one loop here
        """Comments on lines of their own, above the next token or below the last (``yaml_parser_scan_comments``)."""
        text = self._text
        token = self._last[-1]
        if token.kind is yaml.FlowEntryToken and len(self._last) > 1:
            token = self._last[-2]
        belongs = token.start
        lines: list[Line] = []
        start = start_line = start_column = 0
        next_indent = max(self._indent, 0)
        recent_empty, first_empty = False, self._newlines <= 1
        line, column = self._line, self._column
        foot_line = -1
        if scan_line > 0:
            foot_line = self._line - self._newlines + 1 + (self._newlines == 0 and self._column > 1)

        def below(end: int) -> None:
            nonlocal scan, belongs, lines
            comment = _Comment(belongs, start, start_column, scan, end)
            comment.foot, lines = lines, []
            self.comments.append(comment)
            scan = belongs = end

        peek = -1
        while (peek := peek + 1) < _LIMIT and self._at + peek < len(text):
            sign = text[self._at + peek]
            column += 1
            if sign in " \t":
                continue
            closing = self._flow > 0 and sign in "]}"
            dedented = start_column - 1 < next_indent
            if closing or sign in _ENDS:
                if closing or not recent_empty:
                    at_foot = start_line == foot_line and token.kind is not yaml.ValueToken
                    if closing or (first_empty and (at_foot or dedented)):
                        if lines:
                            belongs = start if dedented else belongs
                            below(self._at + peek)
                    elif lines and sign != "\0":
                        lines.append(("", -1))
                if sign not in _BREAKS:
                    break
                first_empty, recent_empty, column, line = False, True, 0, line + 1
                continue
            if lines and column - 1 < next_indent and column != start_column:
                # at another indentation it is below what stands above, not above what stands below
                below(self._at + peek)
            if sign != "#":
                break
            if not lines:
                start, start_line, start_column = self._at + peek, line, column
            recent_empty = False
            self._go(self._at + peek)
            lines.append(self._read())
            peek, column, line = 0, 0, self._line
            next_indent = max(self._indent, 0)
        if lines:
            self.comments.append(comment := _Comment(start, start, start_column, scan, self._at + peek - 1))
            comment.head = lines
