"""Give findings their exact places: the documents that have one are read again, with positions."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from strongroom.documents.chunks import Chunk, as_utf8, text_of
from strongroom.documents.directives import Ignore, directives
from strongroom.documents.limits import Limits
from strongroom.documents.positions import Positions, Span, locate_text
from strongroom.documents.yaml import Document, pieces, read
from strongroom.errors import DocumentError
from strongroom.model.finding import Finding
from strongroom.model.origin import FieldPath, Origin
from strongroom.model.resource import ResourceId, as_dict, as_text, dig
from strongroom.model.secret import Definition, SecretRecord
from strongroom.sources.kustomize import generator_field
from strongroom.sources.reading import Texts
from strongroom.survey.frames import frame

_Place = tuple[str, int, FieldPath]
_KEPT_FILES = 8
_LINE_BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class _File:
    """One file, decoded once, with its documents' positions as they are needed."""

    data: bytes
    lines: list[str]
    pieces: dict[int, Chunk]
    positions: dict[int, Positions | None]
    ignores: list[Ignore]


class Locator:
    """Looks places up; keeps a few files: findings come file by file, but name places elsewhere."""

    def __init__(self, texts: Texts, limits: Limits, sensitive: Iterable[Origin]) -> None:
        self._texts = texts
        self._limits = limits
        self._sensitive: set[_Place] = {(o.path, o.document, o.field) for o in sensitive}
        self._files: OrderedDict[str, _File | None] = OrderedDict()

    def findings(self, findings: Sequence[Finding]) -> list[Finding]:
        """Return the findings with exact origins and frames, ordered by file."""
        return [self._finding(f) for f in sorted(findings, key=lambda f: (f.origin.path, f.origin.document))]

    def records(self, records: Iterable[SecretRecord]) -> tuple[SecretRecord, ...]:
        """Return the records with the exact places of definitions, keys, references to stores, and uses."""
        return tuple(
            msgspec.structs.replace(
                record,
                definitions=tuple(self._definition(d) for d in record.definitions),
                stored=tuple(msgspec.structs.replace(s, origin=self.origin(s.origin, None)) for s in record.stored),
                consumers=tuple(
                    msgspec.structs.replace(c, origin=self.origin(c.origin, c.resource)) for c in record.consumers
                ),
            )
            for record in records
        )

    def _definition(self, definition: Definition) -> Definition:
        keys = tuple(
            msgspec.structs.replace(k, origin=self.origin(k.origin, definition.resource)) for k in definition.keys
        )
        origin = self.origin(definition.origin, definition.resource)
        return msgspec.structs.replace(definition, origin=origin, keys=keys)

    def ignores(self, path: str) -> list[Ignore]:
        """Return the ``strongroom: ignore`` comments of a file."""
        file = self._file(path)
        return file.ignores if file else []

    def origin(self, origin: Origin, resource: ResourceId | None) -> Origin:
        """Return an origin with its exact place, as far as the source still has it."""
        file = self._file(origin.path)
        if file is None:
            return origin
        if origin.document < 0 and origin.rendered_by and resource is not None:
            origin = self._unrendered(file, origin, resource)
        if origin.document < 0:
            return origin  # a file without documents: its facts come with their lines
        span = _span(file, origin, self._limits)
        if span is None:
            return origin
        return msgspec.structs.replace(
            origin, line=span.line, column=span.column, end_line=span.end_line, end_column=span.end_column
        )

    def _finding(self, finding: Finding) -> Finding:
        origin = self.origin(finding.origin, finding.resource)
        file = self._file(origin.path)
        line = file.lines[origin.line - 1] if file and 0 < origin.line <= len(file.lines) else ""
        place = (finding.origin.path, finding.origin.document, finding.origin.field)
        sensitive = finding.value is not None or place in self._sensitive
        related = tuple(
            msgspec.structs.replace(r, origin=self.origin(r.origin, r.resource or finding.resource))
            for r in finding.related
        )
        shown = frame(line, origin, sensitive=sensitive) if line.strip() else ""
        return msgspec.structs.replace(finding, origin=origin, related=related, frame=shown)

    def _file(self, path: str) -> _File | None:
        if path in self._files:
            self._files.move_to_end(path)
        else:
            data = self._texts.read(path, self._limits.max_bytes) if path else None
            self._files[path] = _open(data) if data is not None else None
            if len(self._files) > _KEPT_FILES:
                self._files.popitem(last=False)
        return self._files[path]

    def _unrendered(self, file: _File, origin: Origin, resource: ResourceId) -> Origin:
        """Find the document that a rendered object came from: same kind, and a name that rendering extended.

        Of several the one with the longest name is meant, then the one of the same namespace: ``db`` is a part of
        ``db-admin`` too.
        """
        if origin.rendered_by == "helm":
            return origin
        found, best = origin, (0, True)
        for document in read(file.data, self._limits):
            body = as_dict(document.body) if isinstance(document, Document) else {}
            if as_text(body.get("kind")) in ("Kustomization", "") and "secretGenerator" in body:
                key = origin.field[-1] if origin.field and isinstance(origin.field[-1], str) else ""
                field = generator_field(body, resource.name, str(key))
                if field is not None:
                    return msgspec.structs.replace(origin, document=document.index, field=field)
            metadata = as_dict(body.get("metadata"))
            name = as_text(metadata.get("name"))
            likeness = len(name), as_text(metadata.get("namespace")) == resource.namespace
            if as_text(body.get("kind")) == resource.kind and name in resource.name and likeness > best:
                found, best = msgspec.structs.replace(origin, document=document.index), likeness
        return found


def _open(data: bytes) -> _File | None:
    try:
        data = as_utf8(data)
    except UnicodeDecodeError:
        return None  # it was readable a moment ago
    lines = _LINE_BREAK.split(data.decode("utf-8", "replace").removeprefix("\ufeff"))
    return _File(data, lines, {chunk.index: chunk for chunk in pieces(data)}, {}, list(directives(data)))


def _span(file: _File, origin: Origin, limits: Limits) -> Span | None:
    if origin.document not in file.positions:
        file.positions[origin.document] = _positions(file, origin.document, limits)
    positions = file.positions[origin.document]
    if positions is None:
        return None
    if origin.inner_end > origin.inner_start:
        return positions.inner(origin.field, origin.inner_start, origin.inner_end)
    return _inside(file, origin, positions, limits) or _shown_at(positions, origin.field)


def _inside(file: _File, origin: Origin, positions: Positions, limits: Limits) -> Span | None:
    """Return the place of a field of a document that is written in a text of this one; None where there is none."""
    chunk = file.pieces.get(origin.document)
    if chunk is None or positions.of(origin.field) is not None:
        return None
    length = next((n for n in range(len(origin.field), 0, -1) if positions.of(origin.field[:n]) is not None), 0)
    holder, rest = origin.field[:length], origin.field[length:]
    whole = next(iter(read(text_of(file.data, chunk).encode(), limits)), None)
    text = dig(whole.body, holder) if isinstance(whole, Document) and holder else None
    if not isinstance(text, str):
        return None
    try:
        span = _shown_at(locate_text(text, 1, limits), rest)
    except DocumentError:
        return None
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    if span is None or span.end_line > len(starts):
        return None
    start, end = starts[span.line - 1] + span.column - 1, starts[span.end_line - 1] + span.end_column - 1
    return positions.inner(holder, start, end)


def _positions(file: _File, document: int, limits: Limits) -> Positions | None:
    chunk = file.pieces.get(document)
    if chunk is None:
        return None
    try:
        return locate_text(text_of(file.data, chunk), chunk.line, limits)
    except DocumentError:
        return None  # the file changed while it was read


def _shown_at(positions: Positions, field: FieldPath) -> Span | None:
    """Return where people look for a field: a scalar, the key of a mapping or list, else the nearest ancestor."""
    span = positions.of(field)
    if span is None:
        return positions.nearest(field)
    key = positions.key(field)
    return key if key is not None and positions.is_collection(field) else span
