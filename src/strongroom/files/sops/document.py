"""A file as SOPS sees it: leaves in the order in which it walks them, each with its place in the bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from strongroom.model.plaintext import Plaintext

Type = Literal["str", "int", "float", "bool", "bytes", "comment", "time"]
"""The type tag inside ``ENC[…,type:…]``."""


class Scalar(NamedTuple):
    """A value as SOPS encrypts and authenticates it.

    Attributes:
        type: its tag.
        data: the bytes that are encrypted and that enter the MAC (``True`` for a YAML ``true``, and so on).
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
    """

    path: tuple[str, ...]
    address: tuple[str | int, ...]
    branch: int
    scalar: Scalar
    start: int
    end: int
    comments: tuple[tuple[str, ...], ...] = ()


class Document(NamedTuple):
    """A read file.

    Attributes:
        data: its bytes.
        leaves: in SOPS' order, over all branches, without those of the metadata.
        metadata: the mapping under ``sops`` (already un-flattened where the format flattens it), or None.
    """

    data: Plaintext
    leaves: tuple[Leaf, ...]
    metadata: dict[str, object] | None


class Format(NamedTuple):
    """One format; each module of ``formats`` declares one as ``FORMAT``.

    Attributes:
        id: ``yaml``, ``json``, ``dotenv``, ``ini``, ``binary``: the words of ``sops --input-type``.
        suffixes: of file names, as sops recognises them.
        read: bytes to a document. Raises DocumentError, LimitError.
        write: a document, replacements (leaf index to new scalar; an ``ENC[…]`` text is a ``str``) and metadata (None:
            without) to bytes; everything that is not replaced stays byte for byte.
    """

    id: str
    suffixes: tuple[str, ...]
    read: Callable[[bytes], Document]
    write: Callable[[Document, dict[int, Scalar], dict[str, object] | None, int], bytes]
