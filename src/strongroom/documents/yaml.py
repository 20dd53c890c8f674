"""YAML and JSON as the Kubernetes clients and API server read them, in bulk.

A file is cut into documents first (``chunks``). Each is then read by a fast loader where ``agreement`` can tell that
the loader agrees with Kubernetes, and by ``exact`` otherwise, which is slower, keeps the last of two equal keys and
knows why a document was refused. One bad document never stops the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from ryaml import loads  # type: ignore[attr-defined]

from strongroom.documents import agreement, jsontext
from strongroom.documents.chunks import Chunk, as_utf8, split, text_of
from strongroom.documents.collector import paused
from strongroom.documents.exact import Builder, Failure, Path
from strongroom.documents.limits import DEFAULT, Limits
from strongroom.documents.nodes import compose
from strongroom.documents.places import Lines
from strongroom.errors import DocumentError


class Document(msgspec.Struct, frozen=True):
    """One document that is not empty.

    Args:
        index: its place among the pieces of the file, as ``positions.locate`` takes it.
        line: 1-based line of the file where its text starts.
        offset: where its text starts in the file, in bytes.
        length: the size of its text in bytes.
        body: what the API server would read: dict with text keys, list, str, int, float, bool.
        duplicates: keys given again in the same mapping, each as (field path, line, column); the last one counts.
    """

    index: int
    line: int
    offset: int
    length: int
    body: Any
    duplicates: tuple[tuple[str, int, int], ...] = ()


class BadDocument(msgspec.Struct, frozen=True):
    """One document that could not be read: where, and why in words that hold nothing of its text."""

    index: int
    line: int
    column: int
    reason: str


def read(data: bytes, limits: Limits = DEFAULT) -> Iterator[Document | BadDocument]:
    """Yield the documents of a file in their order; empty ones are left out.

    Args:
        data: the file: UTF-8, or UTF-16 with a byte order mark; YAML or JSON.
        limits: how much is read before a document is refused.
    """
    if len(data) > limits.max_bytes:
        yield BadDocument(0, 1, 1, f"larger than {limits.max_bytes} bytes")
        return
    try:
        data = as_utf8(data)
    except UnicodeDecodeError as error:
        yield BadDocument(0, 1, 1, f"not valid utf-16 at byte {error.start}")
        return
    whole = _whole_json(data, limits)
    if whole is not None:
        yield whole
        return
    for count, chunk in enumerate(pieces(data)):
        if count >= limits.max_documents:
            yield BadDocument(chunk.index, chunk.line, 1, f"more than {limits.max_documents} documents")
            return
        document = _read_chunk(data, chunk, limits)
        if document is not None:
            yield document


def _whole_json(data: bytes, limits: Limits) -> Document | None:
    """Read a file that is one JSON value at once; to find out first how many it holds would be to read it twice."""
    if not jsontext.is_stream(data):
        return None
    chunk = jsontext.single(data)
    try:
        return _read_json(chunk, text_of(data, chunk), limits)
    except DocumentError:
        return None


def pieces(data: bytes) -> Iterator[Chunk]:
    """Yield the documents of a file in UTF-8 as pieces of text: values of a JSON stream, or what separators cut."""
    if jsontext.is_stream(data):
        return jsontext.documents(data)
    return split(data)


def _read_chunk(data: bytes, chunk: Chunk, limits: Limits) -> Document | BadDocument | None:
    if chunk.separator:
        return BadDocument(chunk.index, chunk.line, 4, "text behind a document separator")
    try:
        text = text_of(data, chunk)
    except DocumentError as error:
        return BadDocument(chunk.index, error.line or chunk.line, error.column or 1, error.message)
    if jsontext.might_be(text):
        found = _read_json(chunk, text, limits)
        if found is not None:
            return found
    if agreement.may_try(text, limits):
        try:
            with paused():
                body = loads(text)
        except (ValueError, TypeError):
            pass  # the exact path says why, or reads what the loader refuses, such as a key given twice
        else:
            if agreement.settle(body, text):
                return None if body is None else Document(chunk.index, chunk.line, chunk.offset, chunk.length, body)
    return read_exactly(chunk, text, limits)


def _read_json(chunk: Chunk, text: str, limits: Limits) -> Document | None:
    loaded = jsontext.load(text, limits)
    if loaded is None:
        return None
    body, duplicates = loaded
    return Document(chunk.index, chunk.line, chunk.offset, chunk.length, body, _named(chunk, text, duplicates))


def read_exactly(chunk: Chunk, text: str, limits: Limits) -> Document | BadDocument | None:
    """Read one piece of text on the slow path, whatever ``agreement`` thinks of it."""
    try:
        root = compose(text, limits)
    except DocumentError as error:
        line, column = error.line or 1, error.column or 1
        return BadDocument(chunk.index, chunk.line + line - 1, column, error.message)
    if root is None:
        return None
    builder = Builder(limits)
    try:
        body = builder.build(root)
    except Failure as failure:
        return BadDocument(chunk.index, *_position(chunk, text, failure.start), failure.reason)
    except RecursionError:  # the limits are wider than the interpreter's own
        return BadDocument(chunk.index, chunk.line, 1, "nested too deeply")
    if body is None:
        return None
    duplicates = _named(chunk, text, builder.duplicates)
    return Document(chunk.index, chunk.line, chunk.offset, chunk.length, body, duplicates)


def _named(chunk: Chunk, text: str, duplicates: list[tuple[Path, int]]) -> tuple[tuple[str, int, int], ...]:
    if not duplicates:
        return ()
    lines = Lines(text, chunk.line)
    return tuple((field(path), *lines.position(start)) for path, start in duplicates)


def _position(chunk: Chunk, text: str, start: int) -> tuple[int, int]:
    before = text.rfind("\n", 0, start)
    return chunk.line + text.count("\n", 0, start), start - before


_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


def field(path: Path) -> str:
    """Return a path as people write it: ``spec.containers[0].env``, ``data["tls.crt"]``."""
    parts = []
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif _BARE.match(step):
            parts.append(f".{step}")
        else:
            parts.append(f"[{msgspec.json.encode(step).decode()}]")
    return "".join(parts).removeprefix(".")
