"""Any file, as one value in a JSON envelope: ``{"data": "ENC[…]", "sops": {…}}``.

https://github.com/getsops/sops, ``stores/json`` (``BinaryStore``).
"""

from __future__ import annotations

from typing import Final

from strongroom.errors import DocumentError
from strongroom.files.sops.document import Block, Document, Leaf, Scalar, Seal
from strongroom.files.sops.formats import flow, json
from strongroom.files.sops.formats.splice import spliced
from strongroom.model.plaintext import Plaintext

_KEY: Final = "data"
_WHOLE: Final = "whole"
_EMPTY: Final = b'{\n\t"data": ""\n}\n'
_AT: Final = _EMPTY.index(b'""')


def read(data: bytes, encrypted: bool = False) -> Document:
    """Return the one leaf of a file: its contents, or what stands for them in the envelope.

    Raises:
        DocumentError: an encrypted file that is no such envelope.
        LimitError: its envelope is larger than the limits allow.
    """
    if encrypted:
        return json.read(data)
    leaf = Leaf((_KEY,), (_KEY,), 0, Scalar("str", Plaintext(data)), _AT, _AT + 2, style=_WHOLE)
    end = _AT + 2
    return Document(Plaintext(data), (leaf,), None, (Block(end, end, style="flow"),))


def write(document: Document, replacements: dict[int, Scalar], seal: Seal | None = None) -> bytes:
    """Return the envelope with these metadata, or without them the contents.

    Raises:
        DocumentError: the envelope holds something else.
    """
    if seal is None:
        return _contents(document, replacements)
    if not _is_whole(document):
        return json.write(document, replacements, seal)
    edits = [
        (leaf.start, leaf.end, json.written(replacements[at]))
        for at, leaf in enumerate(document.leaves)
        if at in replacements
    ]
    edits += [flow.sealing(_EMPTY, each, seal) for each in document.blocks]
    return spliced(_EMPTY, edits)


def _is_whole(document: Document) -> bool:
    return any(leaf.style == _WHOLE for leaf in document.leaves)


def _contents(document: Document, replacements: dict[int, Scalar]) -> bytes:
    for index, leaf in enumerate(document.leaves):
        scalar = replacements.get(index, leaf.scalar)
        if leaf.address == (_KEY,) and scalar.type in {"str", "bytes"}:
            return scalar.data.reveal()
    raise DocumentError("not an encrypted binary file", hint="say its format: --input-type")
