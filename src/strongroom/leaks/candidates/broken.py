"""The candidates of a manifest that cannot be read: a bracket too many must not hide the password below it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from strongroom.documents.chunks import as_utf8
from strongroom.documents.yaml import BadDocument, pieces
from strongroom.leaks.candidates.raw import Raw, worth_a_look
from strongroom.leaks.candidates.texts import in_text
from strongroom.model.origin import Origin
from strongroom.model.place import Candidate, Context

_OBJECT = re.compile(r"^[ \t]*[\"']?(apiVersion|kind)[\"']?[ \t]*:", re.MULTILINE)
_FIELD = re.compile(
    r"^[ \t]*(?:-[ \t]+)?[\"']?(?P<name>[\w.-]{1,100})[\"']?[ \t]*:[ \t]+(?P<value>[^\n]+)", re.MULTILINE
)
_NO_VALUE = ("|", ">", "{", "[", "&", "*", "!", "#")


def of_broken(data: bytes, bad: Iterable[BadDocument], origin: Origin) -> Iterator[tuple[BadDocument, list[Candidate]]]:
    """Yield the documents that look like Kubernetes objects and cannot be read, each with the fields of its lines.

    Args:
        data: the file.
        bad: what reading it refused.
        origin: the file.
    """
    wanted = {document.index: document for document in bad}
    try:
        data = as_utf8(data)
    except UnicodeDecodeError:
        return
    for chunk in pieces(data):
        document = wanted.get(chunk.index)
        if document is None:
            continue
        text = data[chunk.offset : chunk.offset + chunk.length].decode("utf-8", "replace")
        if {match[1] for match in _OBJECT.finditer(text)} == {"apiVersion", "kind"}:
            yield document, [_moved(one, chunk.line - 1) for one in in_text(_fields(text), text, origin)]


def _moved(candidate: Candidate, lines: int) -> Candidate:
    origin = candidate.origin
    moved = msgspec.structs.replace(origin, line=origin.line + lines, end_line=origin.end_line + lines)
    return msgspec.structs.replace(candidate, origin=moved)


def _fields(text: str) -> Iterator[Raw]:
    for match in _FIELD.finditer(text):
        value, at = _plain(match["value"]), match.start("value")
        if value and not value.startswith(_NO_VALUE) and worth_a_look(match["name"], value):
            at = text.index(value, at)
            yield Raw(Context.FILE, match["name"], value, (), match["name"], at, at + len(value))


def _plain(value: str) -> str:
    """Return a value without quotes and without the comment behind it."""
    quote = value[:1]
    if quote in {'"', "'"}:
        return value[1:].partition(quote)[0]
    return value.partition(" #")[0].strip()
