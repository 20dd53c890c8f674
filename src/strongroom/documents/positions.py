"""Where a value or a key of one document stands in its file: on demand, for the few documents that have a finding."""

from __future__ import annotations

from typing import Protocol

from strongroom.documents import jsonplaces, yamlplaces
from strongroom.documents.chunks import as_utf8, text_of
from strongroom.documents.exact import Path
from strongroom.documents.limits import DEFAULT, Limits
from strongroom.documents.places import Lines, Place, Span
from strongroom.documents.yaml import pieces
from strongroom.errors import DocumentError

__all__ = ["Positions", "Span", "locate", "locate_text"]


class Finder(Protocol):
    """What positions ask of a format: the places of a path, and of a piece of a scalar's value."""

    def value(self, path: Path) -> Place | None:
        """Return where the value at ``path`` is written, None where there is no such path."""

    def key(self, path: Path) -> Place | None:
        """Return where the key at the end of ``path`` is written, None for an item of a sequence or no such path."""

    def inner(self, path: Path, start: int, end: int) -> Place | None:
        """Return where characters ``start`` to ``end`` of a text value are written."""

    def is_collection(self, path: Path) -> bool:
        """Tell whether the value at ``path`` is a mapping or a sequence."""


class Positions:
    """The places of one document, by paths of keys and indices as they stand in its body.

    Aliases and merge keys are followed: the place is where the value is written. Where a key is given twice it is the
    last one that counts, as in the body.
    """

    def __init__(self, finder: Finder, text: str, line: int) -> None:
        self._finder = finder
        self._lines = Lines(text, line)

    def of(self, path: Path) -> Span | None:
        """Return the span of the value at ``path``, None where the document has no such path."""
        return self._span(self._finder.value(path))

    def key(self, path: Path) -> Span | None:
        """Return the span of the key that ends ``path``, None where that is an index or the path does not exist."""
        return self._span(self._finder.key(path))

    def nearest(self, path: Path) -> Span:
        """Return the span of the deepest value on the way to ``path`` that exists; at least the document's own."""
        for length in range(len(path), 0, -1):
            span = self.of(path[:length])
            if span is not None:
                return span
        return self.of(()) or self._lines.span(Place(0, 0))

    def inner(self, path: Path, start: int, end: int) -> Span | None:
        """Return the span of a part of a text value, given as offsets in the decoded value.

        Exact for plain, quoted and block scalars alike, over escapes and folds; the whole scalar where the value is no
        text. None where the document has no such path.
        """
        return self._span(self._finder.inner(path, start, end))

    def is_collection(self, path: Path) -> bool:
        """Tell whether the value at ``path`` is a mapping or a sequence; False where there is none."""
        return self._finder.is_collection(path)

    def _span(self, place: Place | None) -> Span | None:
        return None if place is None else self._lines.span(place)


def locate(data: bytes, document_index: int, limits: Limits = DEFAULT) -> Positions:
    """Return the positions of one document of a file.

    Args:
        data: the file, as given to ``yaml.read``.
        document_index: ``Document.index``.
        limits: as given to ``yaml.read``.

    Raises:
        DocumentError: no such document, or it cannot be read.
    """
    try:
        data = as_utf8(data)
    except UnicodeDecodeError:
        raise DocumentError("not valid utf-16") from None
    chunk = next((piece for piece in pieces(data) if piece.index == document_index), None)
    if chunk is None:
        raise DocumentError("no such document in the file")
    return locate_text(text_of(data, chunk), chunk.line, limits)


def locate_text(text: str, line: int = 1, limits: Limits = DEFAULT) -> Positions:
    """Return the positions of one document that is given as text, a value that is itself a file for one.

    Raises:
        DocumentError: the text is neither JSON nor YAML.
    """
    finder = jsonplaces.finder(text, limits) or yamlplaces.finder(text, limits)
    return Positions(finder, text, line)
