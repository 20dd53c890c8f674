"""A file as the Kubernetes clients cut it into documents, before any of it is parsed.

``kubectl`` and client-go do not leave the document markers to the YAML parser: they cut at every line that starts with
``---``, allow only blanks and a comment behind it, and convert each piece alone (k8s.io/apimachinery
``pkg/util/yaml/decoder.go``, ``YAMLReader.Read``). A marker inside a scalar therefore cuts as well.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

import msgspec

from strongroom.errors import DocumentError

_MARK = b"---"
_BOM = "\ufeff"
_LINE_WITH_BOM = re.compile("[\n\r\x85\u2028\u2029]\ufeff")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# The clients cut at the document start that a directive needs, so that it can only fail; thousands of them cost libyaml
# quadratic time.
_DIRECTIVE = re.compile("(?:[ \t\r\n\x85\u2028\u2029]++|#[^\n\r\x85\u2028\u2029]*+)*+%")


class Chunk(msgspec.Struct, frozen=True, gc=False):
    """One piece between two separators.

    Args:
        index: its place among the non-empty pieces of the file, from 0.
        line: 1-based line of the file where its text starts.
        offset: where its text starts, in bytes of the file (of its UTF-8 form where the file is UTF-16).
        length: its size in bytes.
        separator: True for a separator line with something other than a comment behind it, which the clients refuse.
    """

    index: int
    line: int
    offset: int
    length: int
    separator: bool = False


def as_utf8(data: bytes) -> bytes:
    """Return ``data`` in UTF-8; UTF-16 is recognised by its byte order mark, as YAML 1.1 section 5.2 has it.

    Raises:
        UnicodeDecodeError: UTF-16 that is cut in the middle of a character or holds a lone surrogate.
    """
    if data.startswith(_UTF16):
        return data.decode("utf-16").encode()
    return data


def text_of(data: bytes, chunk: Chunk) -> str:
    """Return the text of one piece as the clients hand it to their parser: every line ended by a line feed alone.

    Raises:
        DocumentError: not UTF-8, a directive, or a line that starts with a byte order mark, which libyaml drops and
            go-yaml keeps.
    """
    raw = data[chunk.offset : chunk.offset + chunk.length]
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line, column = _end(raw[: error.start].decode(), chunk.line)
        message = f"not valid utf-8 at byte {chunk.offset + error.start}"
        raise DocumentError(message, line=line, column=column) from None
    text = text.removeprefix(_BOM)
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if _BOM in text and (match := _LINE_WITH_BOM.search(text)):
        line, column = _end(text[: match.end() - 1], chunk.line)
        raise DocumentError("a byte order mark inside the text", line=line, column=column)
    if match := _DIRECTIVE.match(text):
        line, column = _end(text[: match.end() - 1], chunk.line)
        raise DocumentError("a directive, and no document start in its piece", line=line, column=column)
    return text if text.endswith("\n") else text + "\n"


def _end(before: str, line: int) -> tuple[int, int]:
    return line + before.count("\n"), len(before) - before.rfind("\n")


def text_start(data: bytes) -> int:
    """Return where the text of a UTF-8 file begins: behind its byte order mark."""
    return len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0


def split(data: bytes, start: int = 0, line: int = 1, index: int = 0) -> Iterator[Chunk]:
    """Yield the non-empty pieces of a UTF-8 file in their order, and every separator line that the clients refuse.

    Args:
        data: the whole file.
        start: where to begin, in bytes.
        line: the 1-based line there.
        index: the number of the first piece.
    """
    start = start or text_start(data)
    for at, end in _separators(data, start):
        if at > start:
            yield Chunk(index, line, start, at - start)
            index += 1
        line += data.count(b"\n", start, at)
        behind = data[at + len(_MARK) : end].decode("utf-8", "replace").strip()
        if behind and not behind.startswith("#"):
            yield Chunk(index, line, at, end - at, separator=True)
            index += 1
        line += data.count(b"\n", at, end)
        start = end
    if len(data) > start:
        yield Chunk(index, line, start, len(data) - start)


def _separators(data: bytes, start: int) -> Iterator[tuple[int, int]]:
    """Yield where each line that starts with the mark begins and ends, its line feed included."""
    at = start if data.startswith(_MARK, start) else _next(data, start)
    while at >= 0:
        end = data.find(b"\n", at) + 1 or len(data)
        yield at, end
        at = end if data.startswith(_MARK, end) else _next(data, end)


def _next(data: bytes, start: int) -> int:
    found = data.find(b"\n" + _MARK, start)
    return found + 1 if found >= 0 else -1
