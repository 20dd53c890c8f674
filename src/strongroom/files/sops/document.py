"""A file as SOPS sees it: leaves in the order in which it walks them, each with its place in the bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from strongroom.model.plaintext import Plaintext

Type = Literal["str", "int", "float", "bool", "bytes", "comment", "time"]
"""The type tag inside ``ENC[…,type:…]``."""

Span = tuple[int, int]
"""Where a text stands in a file: byte offsets, the end exclusive."""


class Scalar(NamedTuple):
    """A value as SOPS encrypts and authenticates it.

    Attributes:
        type: its tag.
        data: the bytes that are encrypted and that enter the MAC (``True`` for a YAML ``true``, and so on). A float is
            kept as it was written (``1.50``); `envelope.mac_bytes` brings it to the form that SOPS hashes.
    """

    type: Type
    data: Plaintext


class Leaf(NamedTuple):
    """One value or comment.

    Attributes:
        path: the keys that lead to it; positions in lists do not count (they are not part of SOPS' additional data).
        address: keys and positions, from the document down.
        branch: the number of its document in a multi-document file, from 0.
        scalar: what it holds: for an encrypted leaf the text ``ENC[…]`` as a ``str``.
        start, end: byte offsets of its text in the file, quotes included, the end exclusive.
        comments: the comments above it that count for ``encrypted_comment_regex``, one tuple per level.
        style: how it is written, in words of its format.
        column: where the collection that holds it stands, for a text of several lines.
    """

    path: tuple[str, ...]
    address: tuple[str | int, ...]
    branch: int
    scalar: Scalar
    start: int
    end: int
    comments: tuple[tuple[str, ...], ...] = ()
    style: str = ""
    column: int = 0


class Block(NamedTuple):
    """Where the metadata of one branch stand, or where they will.

    Attributes:
        start, end: what is taken out with the metadata; equal where there are none yet.
        mac, last_modified: the places of the two values that every change renews; None without metadata.
        style: how the metadata are written, in words of the format.
        column: of the root's keys.
        empty: nothing else stands in the branch.
    """

    start: int
    end: int
    mac: Span | None = None
    last_modified: Span | None = None
    style: str = ""
    column: int = 0
    empty: bool = False


class Document(NamedTuple):
    """A read file.

    Attributes:
        data: its bytes.
        leaves: in SOPS' order, over all branches, without those of the metadata.
        metadata: the mapping under ``sops`` (already un-flattened where the format flattens it), or None.
        blocks: one for each branch.
    """

    data: Plaintext
    leaves: tuple[Leaf, ...]
    metadata: dict[str, Any] | None
    blocks: tuple[Block, ...] = ()


class Seal(NamedTuple):
    """The metadata that a file gets.

    Attributes:
        metadata: the mapping under ``sops``, its parts in SOPS' order.
        indent: spaces of indentation; 0 for the format's own.
        template: a file whose metadata differ at most in MAC and ``lastmodified``: its text is taken as it stands.
    """

    metadata: dict[str, Any]
    indent: int = 0
    template: Document | None = None


class Format(NamedTuple):
    """One format, a row of ``formats.FORMATS``.

    Attributes:
        id: ``yaml``, ``json``, ``dotenv``, ``ini``, ``binary``: the words of ``sops --input-type``.
        suffixes: of file names, as sops recognises them.
        read: bytes to a document; the flag tells whether it is an encrypted file. Raises DocumentError, LimitError.
        write: a document, replacements (leaf index to new scalar; an ``ENC[…]`` text is a ``str``) and metadata (None:
            without) to bytes; everything that is not replaced stays byte for byte.
    """

    id: str
    suffixes: tuple[str, ...]
    read: Callable[[bytes, bool], Document]
    write: Callable[[Document, dict[int, Scalar], Seal | None], bytes]
