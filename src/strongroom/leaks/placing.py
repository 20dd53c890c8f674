"""The exact places of sightings in the file that they were seen in."""

from __future__ import annotations

import msgspec

from strongroom.documents.chunks import Chunk, as_utf8, text_of
from strongroom.documents.limits import DEFAULT, Limits
from strongroom.documents.positions import Positions, Span, locate_text
from strongroom.documents.yaml import pieces
from strongroom.errors import DocumentError
from strongroom.model.origin import Origin


class Placer:
    """Looks up lines and columns in one file; reads a document with positions when the first place in it is asked.

    Args:
        data: the file, as it was read.
        limits: as they were when it was read.
    """

    def __init__(self, data: bytes, limits: Limits = DEFAULT) -> None:
        self._limits = limits
        try:
            self._data = as_utf8(data)
        except UnicodeDecodeError:
            self._data = b""
        self._pieces: dict[int, Chunk] | None = None
        self._positions: dict[int, Positions | None] = {}

    def exact(self, origin: Origin) -> Origin:
        """Return an origin with its line and column; as it is where the file has no documents.

        A value that is not written as it is (base64, a compressed release) is placed where its field begins.
        """
        if origin.document < 0:
            return origin
        if origin.document not in self._positions:
            self._positions[origin.document] = self._read(origin.document)
        positions = self._positions[origin.document]
        if positions is None:
            return origin
        span = _span(positions, origin)
        return msgspec.structs.replace(
            origin, line=span.line, column=span.column, end_line=span.end_line, end_column=span.end_column
        )

    def _read(self, document: int) -> Positions | None:
        if self._pieces is None:
            self._pieces = {chunk.index: chunk for chunk in pieces(self._data)}
        chunk = self._pieces.get(document)
        if chunk is None:
            return None
        try:
            return locate_text(text_of(self._data, chunk), chunk.line, self._limits)
        except DocumentError:
            return None

    def __repr__(self) -> str:
        return f"Placer({len(self._data)} bytes)"


def _span(positions: Positions, origin: Origin) -> Span:
    span = None
    if origin.inner_end > origin.inner_start:
        span = positions.inner(origin.field, origin.inner_start, origin.inner_end)
    return span or positions.of(origin.field) or positions.nearest(origin.field)
