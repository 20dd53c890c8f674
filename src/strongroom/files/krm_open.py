"""How encrypted files and documents are opened for a render; which files may be."""

from __future__ import annotations

import os
import stat
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

from strongroom.documents.limits import DEFAULT
from strongroom.documents.yaml import BadDocument, read
from strongroom.errors import DocumentError, LimitError, SourceError
from strongroom.files.secret.writing import dump
from strongroom.model.plaintext import Plaintext

Open = Callable[[bytes, str, bool], Plaintext]
"""Bytes of an encrypted file, its name (for its format) and whether its MAC must fit: to the decrypted file.

Raises TamperedError, KeyUseError, DocumentError.
"""

# What kustomize writes on the objects that it hands to a function, and looks for on those that come back.
_INTERNAL = ("internal.config.kubernetes.io/", "config.kubernetes.io/", "config.k8s.io/", "kustomize.config.k8s.io/")


# By what Flux tells encrypted files apart (fluxcd/kustomize-controller, internal/decryptor); the ending that names the
# format. A binary file is JSON too, and told by its key.
_MARKS = ((b"mac: ENC[", ".yaml"), (b'"mac": "ENC[', ".json"), (b"sops_mac=ENC[", ".env"), (b"[sops]", ".ini"))


def is_encrypted(body: Any) -> bool:
    """Tell whether an object is a SOPS document: it has a mapping called ``sops``, by which Flux tells them too."""
    return isinstance(body, dict) and isinstance(body.get("sops"), dict)


def read_below(root: Path, name: str) -> bytes:
    """Return a file that stands in a folder or below it, wherever links in its path lead.

    Raises:
        SourceError: it is elsewhere, is no regular file, or cannot be read.
        LimitError: it is too large.
    """
    if "\0" in name:
        raise SourceError("a name of a file holds a NUL character")
    base = os.path.realpath(root)
    real = os.path.realpath(os.path.join(base, name))  # noqa: PTH118 - one call, and an absolute name replaces the base
    if os.path.commonpath((base, real)) != base:
        raise SourceError(f"{name} is outside of the folder of the kustomization", hint="move it below that folder")
    return _read(real, name)


def read_file(path: Path) -> bytes:
    """Return a file that a person names.

    Raises:
        SourceError, LimitError: as `read_below`.
    """
    return _read(os.path.realpath(path), str(path))


def _read(real: str, name: str) -> bytes:
    try:
        descriptor = os.open(real, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise SourceError(f"{name} is not a regular file")
        with open(descriptor, "rb") as stream:  # noqa: PTH123 - a descriptor, not a path
            data = stream.read(DEFAULT.max_bytes + 1)
    except OSError as error:
        raise SourceError(f"{name} cannot be read", hint=(error.strerror or "").lower()) from None
    if len(data) > DEFAULT.max_bytes:
        raise LimitError(f"{name} is larger than {DEFAULT.max_bytes >> 20} MiB")
    return data


def objects(data: bytes, name: str) -> list[dict[str, Any]]:
    """Return the objects of a stream of manifests.

    Raises:
        DocumentError: a document of it cannot be read, or is no object.
    """
    found = []
    for document in read(data):
        if isinstance(document, BadDocument):
            raise DocumentError(f"{name} line {document.line} cannot be read: {document.reason}", line=document.line)
        if not isinstance(document.body, dict):
            raise DocumentError(f"{name} line {document.line} is no object", line=document.line)
        found.append(document.body)
    return found


def opened(body: dict[str, Any], open_: Open, *, check_mac: bool) -> dict[str, Any]:
    """Return an object that passed through another program, with its values in the clear.

    Each value is authenticated with its place, so none can be changed, moved or swapped. What the MAC adds covers the
    whole file in its order and comments, which no program that parses and writes manifests keeps; so it is looked at
    only where that is asked. (Flux' kustomize-controller decides likewise.)

    Raises:
        TamperedError: a value was changed, or the MAC does not fit and must.
        KeyUseError: no key opens it.
    """
    marks, bare = _without_marks(body)
    kind = str(body.get("kind", "document"))
    plain = objects(open_(dump([bare]).reveal(), "document.yaml", check_mac).reveal(), kind)
    if len(plain) != 1:
        raise DocumentError(f"a decrypted {kind} is not one object")
    if marks:
        metadata = plain[0].setdefault("metadata", {})
        metadata["annotations"] = {**(metadata.get("annotations") or {}), **marks}
    return plain[0]


def _without_marks(body: dict[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    metadata = body.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict) or not isinstance(annotations, dict):
        return {}, body
    marks = {key: value for key, value in annotations.items() if key.startswith(_INTERNAL)}
    kept = {key: value for key, value in annotations.items() if key not in marks}
    bare = {key: value for key, value in metadata.items() if key != "annotations"}
    return marks, {**body, "metadata": {**bare, **({"annotations": kept} if kept else {})}}


def values_opened(body: dict[str, Any], open_: Open) -> dict[str, Any]:
    """Open values that are encrypted files, as kustomize's own ``secretGenerator`` makes a Secret of them.

    Flux does the same. Such a file is whole, so its MAC must fit.

    Raises:
        TamperedError, KeyUseError, DocumentError: a value cannot be opened.
    """
    data = body.get("data")
    if body.get("kind") != "Secret" or not isinstance(data, dict):
        return body
    found = {key: _value_opened(key, text, open_) for key, text in data.items()}
    return body if found == data else {**body, "data": found}


def _value_opened(key: str, text: Any, open_: Open) -> Any:
    if not isinstance(text, str):
        return text
    try:
        value = b64decode(text.replace("\n", ""), validate=True)  # kustomize folds long ones
    except ValueError:
        return text  # the API server will say so
    name = next((name for mark, name in _MARKS if mark in value), None)
    if name is None:
        return text
    name = f"{key}{name}" if name != ".json" or key.endswith(".json") else f"{key}.binary"
    return b64encode(open_(value, name, True).reveal()).decode()
