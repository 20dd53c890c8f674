"""TOML 1.0: values by the standard library's ``tomllib``, places by walking a text that is known to be valid."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from typing import Any, Final

from strongroom.documents.formats.format import Format, Leaf
from strongroom.documents.limits import Limits

_NOTHING: Final = re.compile(r"(?:[ \t\r\n]|\#[^\n]*)*")
_BLANK: Final = re.compile(r"[ \t]*")
_SIMPLE_KEY: Final = re.compile(r"[ \t]*(?:\"((?:[^\"\\\n]|\\.)*)\"|'([^'\n]*)'|([A-Za-z0-9_\-]+))[ \t]*")
_STRING: Final = re.compile(
    r'"""\n?(?P<long>(?:[^\\]|\\.)*?"{0,2})"""(?!")|\'\'\'\n?(?P<longraw>.*?\'{0,2})\'\'\'(?!\')'
    r'|"(?P<basic>(?:[^"\\\n]|\\.)*)"|\'(?P<raw>[^\'\n]*)\'',
    re.DOTALL,
)
_OTHER: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9][^\s,\]}#]*|[^\s,\]}#]+")

Path = tuple[str | int, ...]


class _Walker:
    def __init__(self, text: str, depth: int) -> None:
        self._text = text
        self._max_depth = depth
        self._arrays: dict[Path, int] = {}
        self.found: list[tuple[Path, int, int]] = []

    def walk(self) -> None:
        """Find the place of every value.

        Raises:
            ValueError: the text is not what it is taken for.
        """
        text = self._text
        table: Path = ()
        at = self._skip(0)
        while at < len(text):
            if text[at] == "[":
                table, at = self._header(at)
            else:
                at = self._pair(table, at, 0)
            at = self._skip(at)

    def _header(self, at: int) -> tuple[Path, int]:
        array = self._text.startswith("[[", at)
        keys, at = self._keys(at + 1 + array)
        path: Path = ()
        for index, key in enumerate(keys):
            path = (*path, key)
            if array and index == len(keys) - 1:
                self._arrays[path] = self._arrays.get(path, -1) + 1
            if path in self._arrays:
                path = (*path, self._arrays[path])
        return path, at + 1 + array

    def _pair(self, table: Path, at: int, depth: int) -> int:
        keys, at = self._keys(at)
        if self._text[at : at + 1] != "=":
            raise ValueError
        return self._value((*table, *keys), self._end(_BLANK, at + 1), depth)

    def _keys(self, at: int) -> tuple[list[str], int]:
        keys: list[str] = []
        while True:
            match = _SIMPLE_KEY.match(self._text, at)
            if match is None:
                raise ValueError
            quoted = match[1]
            keys.append(_decoded(f'"{quoted}"') if quoted is not None else match[2] or match[3] or "")
            at = match.end()
            if self._text[at : at + 1] != ".":
                return keys, at
            at += 1

    def _value(self, path: Path, at: int, depth: int) -> int:
        text = self._text
        if depth > self._max_depth or at >= len(text):
            raise ValueError
        if text[at] in "[{":
            return self._collection(path, at, depth)
        if match := _STRING.match(text, at):
            group = match.lastgroup or "raw"
            self.found.append((path, *match.span(group)))
            return match.end()
        if match := _OTHER.match(text, at):
            self.found.append((path, *match.span()))
            return match.end()
        raise ValueError

    def _collection(self, path: Path, at: int, depth: int) -> int:
        text, array, index = self._text, self._text[at] == "[", 0
        at = self._skip(at + 1)
        while text[at : at + 1] not in {"]", "}"}:
            at = self._value((*path, index), at, depth + 1) if array else self._pair(path, at, depth + 1)
            index += 1
            at = self._skip(at)
            if text[at : at + 1] == ",":
                at = self._skip(at + 1)
        return at + 1

    def _skip(self, at: int) -> int:
        return self._end(_NOTHING, at)

    def _end(self, pattern: re.Pattern[str], at: int) -> int:
        match = pattern.match(self._text, at)
        return match.end() if match else at


def leaves(text: str, limits: Limits) -> list[Leaf] | None:
    """Return the strings and numbers of a TOML file, None where it is not TOML."""
    text_lf = text.replace("\r\n", "\n")
    if len(text_lf) != len(text):
        return None if "\r" in text_lf else _with_crlf(text, limits)
    try:
        tree = tomllib.loads(text)
        walker = _Walker(text, limits.max_depth)
        walker.walk()
    except (ValueError, RecursionError):
        return None
    found = []
    for path, start, end in walker.found:
        value = _at(tree, path)
        if isinstance(value, bool):
            continue
        found.append(Leaf(path, value if isinstance(value, str) else text[start:end], start, end))
    return found or None


def _with_crlf(text: str, limits: Limits) -> list[Leaf] | None:
    # tomllib gives values with line feeds alone: read it so, and count the carriage returns before each place again
    shifts = [match.start() - index for index, match in enumerate(re.finditer("\r\n", text))]
    found = leaves(text.replace("\r\n", "\n"), limits)

    def moved(at: int) -> int:
        return at + bisect_left(shifts, at)

    return found and [Leaf(leaf.path, leaf.value, moved(leaf.start), moved(leaf.end)) for leaf in found]


def _decoded(source: str) -> str:
    return str(tomllib.loads(f"v = {source}")["v"])


def _at(tree: Any, path: Path) -> Any:
    for step in path:
        tree = tree[step]
    return tree


FORMAT = Format("toml", leaves, (".toml",))
