"""Which characters of a scalar's value come from which of its source: quotes, escapes, folds, indentation.

Each style is decoded again as ``scanner.c`` of libyaml 0.2.5 does it, this time noting where every character came
from, and the result is believed only where it is the value that libyaml gave.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from strongroom.documents.nodes import Node
from strongroom.documents.places import Place, Run

_FOLD = r"(?P<fold>[ \t]*+(?:\r?\n[ \t]*+)++)"
_PLAIN: Final = re.compile(rf"{_FOLD}|(?P<same>[^\s]+|[ \t]+|[^\r\n])")
_SINGLE: Final = re.compile(rf"{_FOLD}|(?P<quote>'')|(?P<same>[^\s']+|[ \t]+|[^\r\n'])")
_DOUBLE: Final = re.compile(
    rf"\\\r?\n(?P<joined>[ \t]*+(?:\r?\n[ \t]*+)*+)|{_FOLD}"
    r"|\\(?P<code>x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})|\\(?P<escape>.)|(?P<same>[^\s\\]+|[ \t]+|[^\r\n\\])"
)
_ESCAPES: Final = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_HEADER: Final = re.compile(r"[|>](?P<how>[-+0-9]*)[ \t]*(?:\#[^\n]*)?(?:\r?\n|\Z)")
_LINE: Final = re.compile(r"([^\r\n]*)(\r?\n|\Z)")


def runs(text: str, place: Place, node: Node) -> list[Run] | None:
    """Return the runs of a scalar's value in their order, None where its source cannot be followed.

    Args:
        text: the document.
        place: where the scalar stands, quotes or block header included.
        node: the scalar.
    """
    trail = _Trail()
    if node.style in {"|", ">"}:
        followed = _block(trail, text, place.start, node)
    elif node.style == "'":
        followed = _flow(trail, text, _SINGLE, place.start + 1, place.end - 1)
    elif node.style == '"':
        followed = _flow(trail, text, _DOUBLE, place.start + 1, place.end - 1)
    else:
        followed = _flow(trail, text, _PLAIN, place.start, place.end)
    return trail.runs if followed and trail.value() == node.text else None


class _Trail:
    """The value so far and the runs that it is made of."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self._parts: list[str] = []
        self._length = 0

    def same(self, part: str, source: int) -> None:
        """Add characters that stand in the source as they are."""
        last = self.runs[-1] if self.runs else None
        if last is not None and last.length == last.width and last.source + last.width == source:
            self.runs[-1] = Run(last.value, last.length + len(part), last.source, last.width + len(part))
        elif part:
            self.runs.append(Run(self._length, len(part), source, len(part)))
        self._add(part)

    def decoded(self, part: str, source: int, width: int) -> None:
        """Add what an escape or a fold of ``width`` characters stands for."""
        if part:
            self.runs.append(Run(self._length, len(part), source, width))
        self._add(part)

    def _add(self, part: str) -> None:
        self._parts.append(part)
        self._length += len(part)

    def value(self) -> str:
        """Return the value so far."""
        return "".join(self._parts)


def _flow(trail: _Trail, text: str, pattern: re.Pattern[str], start: int, end: int) -> bool:
    at = start
    while at < end:
        match = pattern.match(text, at, end)
        if match is None:
            return False
        _STEPS[match.lastgroup or ""](trail, match)
        at = match.end()
    return True


def _same(trail: _Trail, match: re.Match[str]) -> None:
    trail.same(match["same"], match.start())


def _fold(trail: _Trail, match: re.Match[str]) -> None:
    breaks = match["fold"].count("\n")
    trail.decoded("\n" * (breaks - 1) or " ", match.start(), len(match[0]))


def _joined(trail: _Trail, match: re.Match[str]) -> None:
    trail.decoded("\n" * match["joined"].count("\n"), match.start(), len(match[0]))


def _quote(trail: _Trail, match: re.Match[str]) -> None:
    trail.decoded("'", match.start(), 2)


def _code(trail: _Trail, match: re.Match[str]) -> None:
    trail.decoded(chr(int(match["code"][1:], 16)), match.start(), len(match[0]))


def _escape(trail: _Trail, match: re.Match[str]) -> None:
    trail.decoded(_ESCAPES.get(match["escape"], ""), match.start(), 2)


_STEPS: Final[dict[str, Callable[[_Trail, re.Match[str]], None]]] = {
    "same": _same, "fold": _fold, "joined": _joined, "quote": _quote, "code": _code, "escape": _escape,
}  # fmt: skip


def _block(trail: _Trail, text: str, start: int, node: Node) -> bool:
    """Follow a literal or folded scalar (``yaml_parser_scan_block_scalar``)."""
    header = _HEADER.match(text, start)
    indent = header and _indentation(text, header.end(), node.text)
    if header is None or indent is None:
        return False
    keep, strip = "+" in header["how"], "-" in header["how"]
    after_more_indented, begun = True, False
    pending: list[tuple[int, int]] = []  # line breaks since the last line with something in it
    for at, line, width in _lines(text, header.end(), node.end):
        content = line[indent:]
        if not content:
            pending.append((at + len(line), width))
            continue
        more_indented = content[0] in " \t"
        folds = node.style == ">" and not after_more_indented and not more_indented
        _breaks(trail, pending, folds=folds and begun)
        trail.same(content, at + indent)
        pending = [(at + len(line), width)]
        after_more_indented, begun = more_indented, True
    clipped = [] if strip or not begun else pending[:1]
    _breaks(trail, pending if keep else clipped, folds=False)
    return True


def _breaks(trail: _Trail, breaks: list[tuple[int, int]], *, folds: bool) -> None:
    if folds:
        at, width = breaks[0]
        if len(breaks) == 1:
            trail.decoded(" ", at, width)
        breaks = breaks[1:]
    for at, width in breaks:
        if width:
            trail.decoded("\n", at, width)


def _lines(text: str, start: int, end: int) -> list[tuple[int, str, int]]:
    found = []
    at = start
    while at < end:
        match = _LINE.match(text, at, end)
        if match is None:
            break
        found.append((at, match[1], len(match[2])))
        at = match.end()
    return found


def _indentation(text: str, start: int, value: str) -> int | None:
    """Return the columns that a block scalar takes off every line: told by its first line that is not blank."""
    kept = next((line for line in value.split("\n") if line.strip(" \t")), None)
    if kept is None:
        return len(text) if not value.strip("\n") else None  # line breaks alone: every line is empty
    for _, line, _ in _lines(text, start, len(text)):
        if line.strip(" \t"):
            return len(line) - len(line.lstrip(" \t")) - (len(kept) - len(kept.lstrip(" \t")))
    return None
