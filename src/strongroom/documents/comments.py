"""Comments of a YAML file: those that are comments, not signs inside a scalar."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import msgspec
import yaml
from yaml._yaml import CParser

from strongroom.documents import jsontext
from strongroom.documents.chunks import Chunk, as_utf8, text_of
from strongroom.documents.limits import DEFAULT
from strongroom.documents.nodes import behind_properties
from strongroom.documents.yaml import pieces
from strongroom.errors import DocumentError

_CANDIDATE = re.compile(r"\#(?<![^ \t\r\n]\#)")


class Comment(msgspec.Struct, frozen=True):
    """One comment.

    Args:
        line: its 1-based line.
        text: from the ``#`` on.
        own_line: True where nothing else stands on the line.
    """

    line: int
    text: str
    own_line: bool


def comments(data: bytes) -> dict[int, str]:
    """Return the comments of a YAML file by their 1-based lines, from the ``#`` on.

    Of a document that is not YAML, the comments before the error are found. JSON has none.
    """
    return {comment.line: comment.text for comment in find(data)}


def find(data: bytes, document_index: int | None = None) -> Iterator[Comment]:
    """Yield the comments of a file, or of one of its documents, in their order."""
    data = _as_text(data)
    end = 0
    for chunk in islice(pieces(data), DEFAULT.max_documents):
        wanted = document_index in {None, chunk.index}
        if wanted:
            # the separator lines before a document belong to no piece of text
            before = data[end : chunk.offset].decode("utf-8", "replace")
            yield from _of_separators(before, chunk.line - before.count("\n"))
        if wanted and not chunk.separator:
            yield from _of_chunk(data, chunk)
        end = chunk.offset + chunk.length
    if document_index is None:
        rest = data[end:].decode("utf-8", "replace")
        yield from _of_separators(rest, 1 + data.count(b"\n", 0, end))


def _as_text(data: bytes) -> bytes:
    try:
        return as_utf8(data)
    except UnicodeDecodeError:
        return b""


def _of_separators(text: str, line: int) -> Iterator[Comment]:
    for number, each in enumerate(text.split("\n"), line):
        at = each.find("#")
        if at >= 0:
            yield Comment(number, each[at:].rstrip(), own_line=True)


def _of_chunk(data: bytes, chunk: Chunk) -> Iterator[Comment]:
    try:
        text = text_of(data, chunk)
    except DocumentError:
        return
    if "#" not in text or _is_json(text):
        return
    line, counted, end = chunk.line, 0, 0
    scalars = _scalars(text)
    scalar = next(scalars, None)
    for match in _CANDIDATE.finditer(text):
        at = match.start()
        while scalar is not None and scalar[1] <= at:
            scalar = next(scalars, None)
        if scalar is None:
            return
        if scalar[0] <= at:
            continue
        if at < end:
            continue
        line += text.count("\n", counted, at)
        counted = at
        start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
        yield Comment(line, text[at:end].rstrip(), own_line=not text[start:at].strip())


def _is_json(text: str) -> bool:
    return jsontext.might_be(text) and jsontext.load(text, DEFAULT) is not None


def _inside(text: str, event: Any) -> tuple[int, int]:
    start, end = event.start_mark.index, event.end_mark.index
    if event.anchor is not None or event.tag is not None:
        start = behind_properties(text, start, end)
    if event.style in {"|", ">"}:
        start = text.find("\n", text.find(event.style, start)) + 1
    return start, end


def _scalars(text: str) -> Iterator[tuple[int, int]]:
    """Yield where scalars stand, without the header of block scalars.

    The last one is behind everything, or from an error on, so that nothing there is taken for a comment.
    """
    parser = CParser(text)
    try:
        depth = 0
        next_event: Callable[[], Any] = parser.get_event
        while not isinstance(event := next_event(), yaml.DocumentEndEvent | yaml.StreamEndEvent):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEFAULT.max_depth:
                yield event.start_mark.index, len(text) + 1
                return
            if isinstance(event, yaml.ScalarEvent):
                yield _inside(text, event)
        yield len(text), len(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        yield mark.index if mark is not None else 0, len(text) + 1
    finally:
        parser.dispose()
