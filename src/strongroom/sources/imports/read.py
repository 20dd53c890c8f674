"""Read the reports of other tools. A value that a tool printed is a fingerprint before anything else sees it."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from strongroom.documents.limits import Limits
from strongroom.errors import SourceError
from strongroom.model.finding import Practice
from strongroom.model.imported import Imported
from strongroom.model.origin import Origin
from strongroom.model.plaintext import Fingerprint, Plaintext
from strongroom.sources.imports import FORMATS
from strongroom.sources.imports.contract import Format, Raw
from strongroom.sources.imports.practices import practice_of

_QUOTES = "\"'`"
_LONGEST_TEXT = 300


class Imports(msgspec.Struct, frozen=True):
    """What the reports say, and one line on each."""

    findings: tuple[Imported, ...] = ()
    notes: tuple[str, ...] = ()


def read_imports(paths: Iterable[str], key: bytes, limits: Limits) -> Imports:
    """Read reports.

    Args:
        paths: the files.
        key: the fingerprint key.
        limits: the size of a file.

    Raises:
        SourceError: a file cannot be read, is too large, or is no report of a known form.
    """
    findings: list[Imported] = []
    notes: list[str] = []
    for path in paths:
        document = _decoded(path, _contents(path, limits))
        known = next((form for form in FORMATS if form.is_one(document)), None)
        if known is None and document not in ([], {}):
            names = ", ".join(form.title for form in FORMATS)
            raise SourceError(f"{path} is no report of a known form", hint=f"one of {names}")
        found = [_imported(raw, known, path, key) for raw in known.findings(document)] if known else []
        findings.extend(found)
        more = "".join(f", {note}" for note in known.notes(document)) if known else ""
        count = f"{len(found)} finding{'' if len(found) == 1 else 's'}"
        notes.append(f"{path}: {known.title if known else 'an empty report'}, {count}{more}")
    return Imports(tuple(findings), tuple(notes))


def _contents(path: str, limits: Limits) -> bytes:
    try:
        with Path(path).open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            data = stream.read(min(limits.max_bytes, max(size, 1 << 20)) + 1)
    except OSError as error:
        raise SourceError(f"{path} cannot be read", hint=(error.strerror or "").lower()) from None
    if len(data) > limits.max_bytes:
        raise SourceError(f"{path} is larger than the limit", hint=f"at most {limits.max_bytes >> 20} MiB")
    return data.removeprefix(b"\xef\xbb\xbf")


def _decoded(path: str, data: bytes) -> Any:
    """Decode JSON, or one JSON value on each line; lines that are none are what tools print between them."""
    try:
        return msgspec.json.decode(data) if data.strip() else []
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        found = list(_lines(data))
    if not found:
        raise SourceError(f"{path} is no JSON", hint="tools write it with an option such as --format json")
    return found


def _lines(data: bytes) -> Iterator[Any]:
    for line in data.splitlines():
        if line.lstrip()[:1] == b"{":
            try:
                yield msgspec.json.decode(line)
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
                continue


def _imported(raw: Raw, form: Format, path: str, key: bytes) -> Imported:
    printed = [one for one in (raw.value, *raw.parts) if one is not None]
    values = [text for one in printed if (text := one.reveal_text())]
    rule = _said(raw.rule, values) or "unnamed"
    return Imported(
        tool=raw.tool or form.id,
        rule=rule,
        title=_said(raw.title, values) or rule,
        severity=raw.severity,
        practice=Practice.PLAINTEXT if raw.secret else raw.practice or practice_of(raw.title),
        confidence=raw.confidence,
        origin=Origin(
            source=path,
            path=_shown(_said(raw.path, values), raw.folder),
            line=raw.line,
            column=raw.column,
            end_line=raw.end_line,
            end_column=raw.end_column,
            commit=raw.commit,
        ),
        subject=_said(raw.subject, values),
        secret=raw.secret,
        values=tuple(dict.fromkeys(found for one in printed for found in _fingerprints(one, key))),
        url=raw.url if raw.url.startswith("https://") else "",
    )


def _shown(path: str, folder: str = "") -> str:
    """Return a path as our own findings show it: relative to the working folder where it is below it."""
    if not path:
        return ""
    here = f"{Path.cwd()}{os.sep}"
    whole = os.path.normpath(Path(folder) / path)
    return whole.removeprefix(here) if whole.startswith(here) else os.path.normpath(path)


def _said(text: str, values: list[str]) -> str:
    """Return a text of the report on one line; nothing where a value itself stands in it."""
    if any(value in text for value in values):
        return ""
    return " ".join(text.split())[:_LONGEST_TEXT]


def _fingerprints(value: Plaintext, key: bytes) -> Iterator[Fingerprint]:
    """Yield the fingerprints of a value as it stands, without its quotes, and decoded as a Secret's data are."""
    raw = value.reveal()
    text = raw.strip().strip(_QUOTES.encode())
    for form in (raw, text):
        yield Plaintext(form).fingerprint(key)
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return
    if decoded:
        yield Plaintext(decoded).fingerprint(key)
