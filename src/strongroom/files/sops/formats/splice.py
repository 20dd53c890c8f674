"""Texts put into the places of others: everything between them stays byte for byte."""

from __future__ import annotations

from typing import Any, Final

from strongroom.errors import DocumentError, LimitError
from strongroom.files.sops.document import Block, Document, Leaf, Span
from strongroom.model.plaintext import Plaintext

MAX_BYTES: Final = 64 * 1024 * 1024
"""Size of a file that is read as a document; a binary file may be larger."""

Edit = tuple[int, int, bytes]
"""Offsets of what goes, and what takes its place."""


def spliced(data: bytes, edits: list[Edit]) -> bytes:
    """Return the bytes with edits done that do not overlap."""
    parts = []
    at = 0
    for start, end, text in sorted(edits, key=lambda edit: edit[:2]):
        parts += [data[at:start], text]
        at = end
    parts.append(data[at:])
    return b"".join(parts)


def document(text: str, leaves: list[Leaf], metadata: dict[str, Any] | None, blocks: list[Block]) -> Document:
    """Return a document whose places are characters of a text, as one whose places are bytes of UTF-8."""
    if text.isascii():
        return Document(Plaintext(text), tuple(leaves), metadata, tuple(blocks))
    spans = [(leaf.start, leaf.end) for leaf in leaves]
    for each in blocks:
        spans += [(each.start, each.end), *filter(None, (each.mac, each.last_modified))]
    at: dict[int, int] = {}
    seen, size = 0, 0
    for offset in sorted({offset for span in spans for offset in span}):
        size += len(text[seen:offset].encode("utf-8"))
        seen = offset
        at[offset] = size

    def moved(span: Span | None) -> Span | None:
        return None if span is None else (at[span[0]], at[span[1]])

    return Document(
        Plaintext(text),
        tuple(leaf._replace(start=at[leaf.start], end=at[leaf.end]) for leaf in leaves),
        metadata,
        tuple(
            each._replace(
                start=at[each.start], end=at[each.end], mac=moved(each.mac), last_modified=moved(each.last_modified)
            )
            for each in blocks
        ),
    )


def decoded(data: bytes) -> str:
    """Return a file as text.

    Raises:
        DocumentError: it is not UTF-8.
        LimitError: it is larger than the limits allow.
    """
    if len(data) > MAX_BYTES:
        raise LimitError(f"a file is larger than {MAX_BYTES} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DocumentError(f"not valid utf-8 at byte {error.start}") from None
