"""Bring an object in a file to what it shall be: what does not change stays byte for byte, comments and order too."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from strongroom.documents.limits import DEFAULT, Limits
from strongroom.documents.positions import Positions, Span, locate
from strongroom.documents.yaml import Document, read
from strongroom.documents.yamltext import quoted, scalar
from strongroom.errors import DocumentError
from strongroom.files.sealed.emit import plain
from strongroom.model.origin import FieldPath
from strongroom.model.resource import dig


class Edit(NamedTuple):
    """The bytes from ``start`` to ``end`` give way to a text."""

    start: int
    end: int
    text: str


class Wanted(NamedTuple):
    """What an object of a file shall be: the document, the way to the object in it, the object."""

    document: int
    path: FieldPath
    body: Mapping[str, Any]


def edits(data: bytes, wanted: Sequence[Wanted], limits: Limits = DEFAULT) -> list[Edit] | None:
    """Return what changes in a file, in order; None where that cannot be done in place.

    Texts change, keys come and go; anything else, and any way of writing that this does not know, gives None. The
    edited file is read again and compared before it is trusted.
    """
    found: list[Edit] = []
    goal = _bodies(data, limits)
    try:
        for document in dict.fromkeys(one.document for one in wanted):
            place = _Place(data, locate(data, document, limits))
            for one in wanted:
                if one.document == document:
                    found += place.changes(one.path, dig(goal[document], one.path), one.body)
    except (_Unfit, DocumentError, KeyError, UnicodeDecodeError):
        return None
    found = _joined(found)
    for one in wanted:
        goal[one.document] = _put(goal[one.document], one.path, one.body)
    overlap = any(after.start < before.end for before, after in itertools.pairwise(found))
    return None if overlap or _bodies(edited(data, found), limits) != goal else found


def edited(data: bytes, changes: Iterable[Edit]) -> bytes:
    """Return a file after some edits, which are in order."""
    out, at = [], 0
    for start, end, text in changes:
        out += [data[at:start], text.encode()]
        at = end
    return b"".join((*out, data[at:]))


class _Unfit(Exception):  # noqa: N818 - caught at once
    """Written in a way that is not edited in place."""


def _bodies(data: bytes, limits: Limits) -> dict[int, Any]:
    return {one.index: one.body if isinstance(one, Document) else None for one in read(data, limits)}


def _put(body: Any, path: FieldPath, value: Mapping[str, Any]) -> Any:
    if not path:
        return copy.deepcopy(dict(value))
    body = copy.deepcopy(body)
    dig(body, path[:-1])[path[-1]] = copy.deepcopy(dict(value))
    return body


class _Place:
    """One document of a file, in bytes."""

    def __init__(self, data: bytes, positions: Positions) -> None:
        self._data = data
        self._positions = positions
        self._lines = data.splitlines(keepends=True)
        if b"\r" in data.replace(b"\r\n", b"") or data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise _Unfit
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))
        self._break = "\r\n" if self._lines and self._lines[0].endswith(b"\r\n") else "\n"

    def changes(self, path: FieldPath, old: Any, new: Any) -> Iterator[Edit]:
        """Yield what makes one value of another."""
        if type(old) is type(new) and old == new:
            return
        if isinstance(old, Mapping) and isinstance(new, Mapping) and old:
            yield from self._mapping(path, old, new)
        elif isinstance(old, str) and isinstance(new, str):
            span = self._span(path)
            yield Edit(self._start(span), self._end(span), self._like(span, new))
        elif (not old and isinstance(old, Mapping)) and isinstance(new, Mapping):
            span = self._span(path)
            yield Edit(self._start(span), self._end(span), _flow(new))
        else:
            raise _Unfit

    def _mapping(self, path: FieldPath, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Edit]:
        gone, added = [key for key in old if key not in new], [key for key in new if key not in old]
        if len(gone) == len(old):
            raise _Unfit
        for key in old:
            if key in new:
                yield from self.changes((*path, key), old[key], new[key])
        flow = self._data[self._start(self._span(path)) :][:1] == b"{"
        if flow and gone:
            raise _Unfit
        for key in gone:
            yield self._without((*path, key))
        if added:
            last = max(old, key=lambda key: self._key((*path, key)).line * 1_000_000 + self._key((*path, key)).column)
            make = self._into_flow if flow else self._into_block
            for key in added:
                yield make((*path, last), key, new[key])

    def _without(self, path: FieldPath) -> Edit:
        key, span = self._key(path), self._span(path)
        if self._lines[key.line - 1][: key.column - 1].strip():
            raise _Unfit  # the first key of a list item
        return Edit(self._starts[key.line - 1], self._after(span), "")

    def _into_block(self, last: FieldPath, key: str, value: Any) -> Edit:
        span = self._span(last)
        at, lead = self._after(span), " " * (self._key(last).column - 1)
        lines = [*_block(key, value, lead)]
        ended = self._data[at - 1 : at] == b"\n"
        text = "".join(f"{line}{self._break}" if ended else f"{self._break}{line}" for line in lines)
        return Edit(at, at, text)

    def _into_flow(self, last: FieldPath, key: str, value: Any) -> Edit:
        span, before = self._span(last), self._key(last)
        line = self._lines[before.line - 1]
        lead = line[: len(line) - len(line.lstrip())]
        alone = self._starts[before.line - 1] + len(lead) == self._start(before)
        space = f"{self._break}{lead.decode()}" if alone else " "
        at = self._end(span)
        return Edit(at, at, f",{space}{quoted(key)}: {_flow(value)}")

    def _like(self, span: Span, text: str) -> str:
        """Write a text in the quotes of the old one."""
        mark = self._data[self._start(span) :][:1]
        if mark == b'"':
            return quoted(text)
        return scalar(text, "'") if mark == b"'" and text.isprintable() and "'" not in text else plain(text)

    def _span(self, path: FieldPath) -> Span:
        span = self._positions.of(path)
        if span is None:
            raise _Unfit
        return span

    def _key(self, path: FieldPath) -> Span:
        span = self._positions.key(path)
        if span is None:
            raise _Unfit
        return span

    def _start(self, span: Span) -> int:
        return self._offset(span.line, span.column)

    def _end(self, span: Span) -> int:
        return self._offset(span.end_line, span.end_column)

    def _after(self, span: Span) -> int:
        """Return where the line behind a value starts."""
        line = span.end_line - 1 if span.end_column == 1 and span.end_line > span.line else span.end_line
        return self._starts[min(line, len(self._lines))]

    def _offset(self, line: int, column: int) -> int:
        if line > len(self._lines):
            return len(self._data)
        text = self._lines[line - 1]
        mark = 3 if line == 1 and text.startswith(b"\xef\xbb\xbf") else 0
        return self._starts[line - 1] + mark + len(text[mark:].decode()[: column - 1].encode())


def _block(key: str, value: Any, lead: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield f"{lead}{plain(key)}:"
        for inner, item in value.items():
            yield from _block(inner, item, lead + "  ")
    else:
        yield f"{lead}{plain(key)}: {plain(value) if isinstance(value, str) else _flow(value)}"


def _flow(value: Any) -> str:
    """Return a value as JSON on one line, which is YAML too."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{quoted(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    return quoted(value) if isinstance(value, str) else json.dumps(value)


def _joined(found: Sequence[Edit]) -> list[Edit]:
    """Return edits in order; insertions at one place become one, as they were asked for."""
    out: list[Edit] = []
    for edit in sorted(found, key=lambda one: one[:2]):
        if out and out[-1][:2] == edit[:2] and edit.start == edit.end:
            out[-1] = Edit(edit.start, edit.end, out[-1].text + edit.text)
        else:
            out.append(edit)
    return out
