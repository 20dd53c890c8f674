"""YAML as Kubernetes reads it; kubeconfig files are some."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from strongroom.documents import yamlplaces
from strongroom.documents.chunks import Chunk, split, text_of
from strongroom.documents.formats.format import Format, Leaf
from strongroom.documents.formats.walk import leaves_of
from strongroom.documents.limits import Limits
from strongroom.documents.yaml import Document, read_exactly
from strongroom.errors import DocumentError

_SHAPE: Final = re.compile(r"(?:---[ \t]*+(?:#.*+)?\n)?(?:[ \t]*+(?:#.*+)?\n)*+(?:apiVersion|kind):[ \t]+\S")
_MAX_DOCUMENTS: Final = 100


def leaves(text: str, limits: Limits) -> list[Leaf] | None:
    """Return the strings and numbers of a YAML file of mappings or sequences, None where a document is neither.

    The paths of a file with several documents begin with the document's index.
    """
    if "\r" in text or not text.strip():
        return None  # a value that went through YAML has line feeds alone: offsets would not be what they seem
    data = text.encode("utf-8", "replace")
    chunks = list(islice(split(data), _MAX_DOCUMENTS + 1))
    if len(chunks) > _MAX_DOCUMENTS:
        return None
    found: list[Leaf] = []
    for chunk in chunks:
        part = _of_document(data, chunk, limits)
        if part is None:
            return None
        shift = len(data[: chunk.offset].decode())
        prefix = (chunk.index,) if len(chunks) > 1 else ()
        found += [Leaf((*prefix, *each.path), each.value, each.start + shift, each.end + shift) for each in part]
    return found or None


def _of_document(data: bytes, chunk: Chunk, limits: Limits) -> list[Leaf] | None:
    if chunk.separator:
        return None
    try:
        text = text_of(data, chunk)
        document = read_exactly(chunk, text, limits)
        if document is None:
            return []
        if not isinstance(document, Document) or not isinstance(document.body, (dict, list)):
            return None
        return leaves_of(text, document.body, yamlplaces.finder(text, limits), limits)
    except DocumentError:
        return None


def looks_like(text: str) -> bool:
    """Tell a Kubernetes object or a kubeconfig."""
    return _SHAPE.match(text) is not None and "{{" not in text


FORMAT = Format("yaml", leaves, (".yaml", ".yml", ".kubeconfig"), ("kubeconfig",), looks_like)
