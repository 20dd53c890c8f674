"""Bring a file to say something else: the places that change are found, and everything besides stays byte for byte.

The way is checked by its end: the edited file is read again, and has to say what was wanted of every document. What is
written in a way that would not lead there (an alias, a merge key, a tag on the way) is refused, never damaged.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import groupby
from typing import Any

from strongroom.documents import jsonplaces, jsontext, yamlplaces
from strongroom.documents.chunks import Chunk, text_of
from strongroom.documents.editing import Change, Editor
from strongroom.documents.limits import DEFAULT, Limits
from strongroom.documents.wanted import GONE, Taken, Unfit, resolved
from strongroom.documents.written import MARK, Manner
from strongroom.documents.yaml import BadDocument, Document, pieces, read
from strongroom.errors import DocumentError
from strongroom.model.plan import Copied, Piece, Splice, Text

_IN_BRACKETS = re.compile(r"(?m)^[ -]*[^\s#:][^\s:]*: +\[[^\]\[{]+\][ \t]*(?:#.*)?$")
_BELOW = re.compile(r"(?m):[ \t]*(?:#.*)?\n *- +(?![^\n]*: )[^\s{\[]")
"""A key, and below it the first item of a list that is no mapping."""

_BOM = "\ufeff"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def bodies(data: bytes, limits: Limits = DEFAULT) -> dict[int, Any]:
    """Return the documents of a file by their index; those that cannot be read are left out.

    Raises:
        Unfit: its encoding cannot be edited.
    """
    if data.startswith(_UTF16):
        raise Unfit("it is written in UTF-16")
    return {one.index: one.body for one in read(data, limits) if isinstance(one, Document)}


def edits(
    data: bytes, wanted: Mapping[int, Any], added: Sequence[Any] = (), limits: Limits = DEFAULT
) -> tuple[Splice, ...]:
    """Return how a file comes to say what it should: splices in order, without overlap.

    Args:
        data: the file as it is.
        wanted: by index, what documents shall say (see `strongroom.documents.wanted`); the others stay.
        added: documents that follow at the end.
        limits: as the file was read with.

    Raises:
        Unfit: it cannot be done in place.
    """
    before = bodies(data, limits)
    changes, behind = _changes(data, before, wanted, added, limits)
    splices = _joined([change for found in changes.values() for change in found] + behind)
    expected = _expected(data, wanted, before, limits)
    expected += [resolved(body, None, before) for body in added]
    if [_body(one) for one in read(applied(data, splices), limits)] != expected:
        raise Unfit("it is written in a way that cannot be edited in place")
    return splices


def refuse_unfit(
    data: bytes, before: Mapping[int, Any], wanted: Mapping[int, Any], added: Sequence[Any], limits: Limits = DEFAULT
) -> None:
    """Refuse what `edits` would refuse of the documents that change, without reading the others again.

    Args:
        data: the file as it is.
        before: its documents, as `bodies` returns them.
        wanted: as for `edits`.
        added: as for `edits`.
        limits: as the file was read with.

    Raises:
        Unfit: it cannot be done in place.
    """
    changes, behind = _changes(data, before, wanted, added, limits)
    for chunk in pieces(data):
        if chunk.index in changes and wanted[chunk.index] is not GONE:
            after = _applied(data, _joined(changes[chunk.index]), chunk.offset, chunk.offset + chunk.length)
            _refuse_other(after, [resolved(wanted[chunk.index], before[chunk.index], before)], limits)
    after = _applied(data, behind, len(data), len(data))
    _refuse_other(after, [resolved(body, None, before) for body in added], limits)


def _refuse_other(data: bytes, expected: list[Any], limits: Limits) -> None:
    if [_body(one) for one in read(data, limits)] != expected:
        raise Unfit("it is written in a way that cannot be edited in place")


def _changes(
    data: bytes, before: Mapping[int, Any], wanted: Mapping[int, Any], added: Sequence[Any], limits: Limits
) -> tuple[dict[int, list[Splice]], list[Splice]]:
    """Return the changes of each document, and what follows at the end."""
    if not wanted.keys() <= before.keys():
        raise Unfit("the file is not as it was read")
    file = _File(data, before, limits)
    gone = {index for index, body in wanted.items() if body is GONE}
    changes = {index: file.changes(index, body, gone) for index, body in wanted.items()}
    return changes, [file.appended(added)] if added else []


def _expected(data: bytes, wanted: Mapping[int, Any], before: Mapping[int, Any], limits: Limits) -> list[Any]:
    """Return what the documents of the file shall be in the end, the unreadable ones included."""
    found = []
    for one in read(data, limits):
        body = wanted.get(one.index, _body(one))
        if body is not GONE:
            found.append(resolved(body, before.get(one.index), before))
    return found


def _body(one: Document | BadDocument) -> Any:
    """Return the body of a document; what is wrong with it, where it cannot be read."""
    return one.body if isinstance(one, Document) else one.reason


def applied(data: bytes, splices: Sequence[Splice]) -> bytes:
    """Return a file after splices."""
    return _applied(data, splices, 0, len(data))


def _applied(data: bytes, splices: Sequence[Splice], at: int, end: int) -> bytes:
    """Return a part of a file after the splices in it."""
    out = []
    for splice in splices:
        if not at <= splice.start <= splice.end <= end:
            raise Unfit("two changes meet at one place")
        out.append(data[at : splice.start])
        out += [_brought(data, piece) for piece in splice.pieces]
        at = splice.end
    return b"".join((*out, data[at:end]))


def _brought(data: bytes, piece: Piece) -> bytes:
    if isinstance(piece, Text):
        return piece.text.encode()
    if isinstance(piece, Copied):
        return data[piece.start : piece.end]
    raise Unfit("a value that is sealed is not known here")


def spans(data: bytes, places: Mapping[int, Sequence[tuple[str | int, ...]]], limits: Limits = DEFAULT) -> list[Copied]:
    """Return where values of a file stand, as far as they do: by document, their paths."""
    try:
        file = _File(data, {}, limits)
    except Unfit:
        return []
    found = []
    for index, paths in places.items():
        try:
            source = file.source(index)
        except Unfit:
            continue
        found += [source.span(*place) for path in paths if (place := source.finder.value(path)) is not None]
    return found


class _File:
    """One file, and what is taken from it."""

    def __init__(self, data: bytes, before: Mapping[int, Any], limits: Limits) -> None:
        self._data = data
        self._before = before
        self._limits = limits
        self._chunks = {chunk.index: chunk for chunk in pieces(data)}
        self._sources: dict[int, Source] = {}
        self._taken: list[Taken] = []

    def changes(self, index: int, body: Any, gone: AbstractSet[int]) -> list[Splice]:
        """Return the splices of one document, where some are deleted."""
        if body is GONE:
            return [self._without(index, gone)]
        source = self.source(index)
        editor = Editor(source.text, source.finder, source.manner(self._note))
        return [self._splice(source, change) for change in editor.changes(self._before[index], body)]

    def appended(self, added: Sequence[Any]) -> Splice:
        """Return the splice that adds documents at the end."""
        if jsontext.is_stream(self._data):
            raise Unfit("it is JSON, to which no document can be added")
        last = self.source(max(self._chunks)) if self._chunks else None
        manner = last.manner(self._note) if last else Manner(is_json=False, item_indent=2, step=2, taken=self._note)
        text = "".join("---\n" + "".join(f"{line}\n" for line in manner.block(body, 0)) for body in added)
        lead = "" if self._data.endswith(b"\n") or not self._data else "\n"
        end = len(self._data)
        return Splice(end, end, self._pieces(lead + text, crlf=bool(last and last.crlf)))

    def source(self, index: int) -> Source:
        """Return the text of a document with its places."""
        if index not in self._sources:
            try:
                self._sources[index] = Source(self._data, self._chunks[index], self._limits)
            except (DocumentError, KeyError):
                raise Unfit("a part of the file cannot be read") from None
        return self._sources[index]

    def _without(self, index: int, gone: AbstractSet[int]) -> Splice:
        """Delete a document with the separator that follows it, or that precedes it where none stays behind it."""
        chunk = self._chunks[index]
        behind = [one for one in self._chunks if one > index]
        if not gone >= {*behind}:
            end = chunk.offset + chunk.length
            newline = self._data.find(b"\n", end)
            return Splice(chunk.offset, len(self._data) if newline < 0 else newline + 1)
        return Splice(self._separator(index), self._separator(min(behind)) if behind else len(self._data))

    def _separator(self, index: int) -> int:
        """Return where the line begins that separates a document from the one before it."""
        start = self._chunks[index].offset
        return self._data.rfind(b"\n", 0, max(start - 1, 0)) + 1 if start else 0

    def _note(self, taken: Taken) -> int:
        self._taken.append(taken)
        return len(self._taken) - 1

    def _splice(self, source: Source, change: Change) -> Splice:
        span = source.span(change.start, change.end)
        return Splice(span.start, span.end, self._pieces(change.text, crlf=source.crlf))

    def _pieces(self, text: str, *, crlf: bool) -> tuple[Piece, ...]:
        found: list[Piece] = []
        for number, part in enumerate(MARK.split(text.replace("\n", "\r\n") if crlf else text)):
            if number % 2:
                found += self._copied(self._taken[int(part)])
            elif part:
                found.append(Text(part))
        return tuple(found)

    def _copied(self, taken: Taken) -> list[Piece]:
        source = self.source(taken.document)
        whole = source.finder.value(taken.field)
        if whole is None:
            raise Unfit("a value that moves stands elsewhere")
        if taken.end <= taken.start:
            return [source.span(*whole)]
        part = source.finder.inner(taken.field, taken.start, taken.end)
        sign = source.text[whole.start]
        if part is None or part == whole:
            raise Unfit("a part of a value cannot be told from the rest")
        if sign not in "'\"":
            inside = source.text[part.start : part.end]
            sign = "'" if "'" not in inside else '"'
            if "\n" in inside or (sign == '"' and ('"' in inside or "\\" in inside)):
                raise Unfit("a part of a value cannot be written by itself")
        return [Text(sign), source.span(*part), Text(sign)]


class Source:
    """The text of one document, and the way from its characters to the bytes of the file.

    Raises:
        DocumentError: the document cannot be read.
    """

    def __init__(self, data: bytes, chunk: Chunk, limits: Limits) -> None:
        self.text = text_of(data, chunk)
        self._raw = data[chunk.offset : chunk.offset + chunk.length].decode()
        self._offset = chunk.offset
        self._mark = len(_BOM) if self._raw.startswith(_BOM) else 0
        self._breaks = _returns(self._raw[self._mark :])
        self.crlf = bool(self._breaks) and len(self._breaks) * 2 > self.text.count("\n")
        json_finder = jsonplaces.finder(self.text, limits)
        self.is_json = json_finder is not None
        self.finder = json_finder or yamlplaces.finder(self.text, limits)

    def manner(self, taken: Any) -> Manner:
        """Return how the document writes things."""
        step, items = _steps(self.text)
        return Manner(
            is_json=self.is_json, item_indent=items, step=step, taken=taken, short_lists=_has_short_lists(self.text)
        )

    def span(self, start: int, end: int) -> Copied:
        """Return the bytes of some characters."""
        return Copied(self._byte(start), self._byte(end))

    def _byte(self, at: int) -> int:
        raw = self._mark + at + bisect_left(self._breaks, at)
        return self._offset + len(self._raw[:raw].encode())


def _returns(raw: str) -> list[int]:
    """Return where, in a text with its carriage returns taken out, a line feed had one before it."""
    found: list[int] = []
    at = raw.find("\r\n")
    while at >= 0:
        found.append(at - len(found))
        at = raw.find("\r\n", at + 2)
    return found


def _steps(text: str) -> tuple[int, int]:
    """Return how many columns a document indents a mapping by, and a list below its key."""
    step, items = 0, -1
    before = ""
    for line in text.splitlines():
        bare = line.lstrip(" ")
        if not bare or bare.startswith("#"):
            continue
        by = (len(line) - len(bare)) - (len(before) - len(before.lstrip(" -")))
        if before.rstrip().endswith((":", "{", "[")):
            if bare.startswith("- ") and items < 0 and by in (0, 2, 4):
                items = by
            elif by in (2, 4) and not step and not bare.startswith("- "):
                step = by
        before = line
        if step and items >= 0:
            break
    return step or 2, 2 if items < 0 else items


def _has_short_lists(text: str) -> bool:
    """Tell whether a document writes lists of words in brackets rather than below each other."""
    return len(_IN_BRACKETS.findall(text)) > len(_BELOW.findall(text))


def _joined(changes: Sequence[Splice]) -> tuple[Splice, ...]:
    """Return splices in order, those at the same place made one."""
    ordered = sorted(changes, key=lambda one: (one.start, one.end))
    found = []
    for (start, end), same in groupby(ordered, key=lambda one: (one.start, one.end)):
        found.append(Splice(start, end, tuple(piece for one in same for piece in one.pieces)))
    return tuple(found)
