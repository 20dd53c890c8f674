"""SOPS documents: which of their fields should be encrypted, and are not.

The rules are those of SOPS itself (https://getsops.io/docs/#encrypting-only-parts-of-a-file): a document's metadata
holds at most one of ``unencrypted_suffix`` (default ``_unencrypted``), ``encrypted_suffix``, ``unencrypted_regex``,
``encrypted_regex``; a rule matches a key anywhere on the way to a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from strongroom.leaks.nature import is_reference
from strongroom.model.file import FileFact, FileKind
from strongroom.model.origin import FieldPath, Origin

_DEFAULT_SUFFIX = "_unencrypted"
_ENCRYPTED = re.compile(r"ENC\[AES256_GCM,data:.*\]", re.DOTALL)
_METADATA = "sops"
_MAX_DEPTH = 64
_MAX_FIELDS = 200
_KEY_GROUPS = ("age", "pgp", "kms", "gcp_kms", "azure_kv", "hc_vault", "key_groups", "hckms")


def is_sops(body: Any) -> bool:
    """Tell whether a document carries the metadata of SOPS: its version or MAC, or a key group."""
    metadata = body.get(_METADATA) if isinstance(body, dict) else None
    return isinstance(metadata, dict) and any(key in metadata for key in ("mac", "version", *_KEY_GROUPS))


def fact_of_sops(body: Any, origin: Origin) -> FileFact | None:
    """Return the fact of a SOPS document, with the fields that its rules should have encrypted; None for any other.

    In a Kubernetes Secret only ``data`` and ``stringData`` count, whatever the rules say of the rest.
    """
    if not is_sops(body):
        return None
    metadata = body[_METADATA]
    rule = _rule(metadata)
    left: list[Origin] = []
    for field, value in _values({key: child for key, child in body.items() if key != _METADATA}, ()):
        if _is_secret_manifest(body) and field[0] not in ("data", "stringData"):
            continue
        if rule(field) and not _is_settled(value):
            left.append(origin.at(field))
            if len(left) == _MAX_FIELDS:
                break
    detail = "fields that its rules encrypt are in plain text" if left else "encrypted"
    return FileFact(FileKind.SOPS, origin, bool(left), detail, tuple(left))


def _is_secret_manifest(body: dict[str, Any]) -> bool:
    return body.get("kind") == "Secret" and body.get("apiVersion") == "v1"


def _is_settled(value: str) -> bool:
    """SOPS leaves empty values as they are; a reference is no value."""
    return not value or _ENCRYPTED.fullmatch(value) is not None or is_reference(value)


def _rule(metadata: dict[str, Any]) -> Callable[[FieldPath], bool]:
    """Return the test of a path: does it have to be encrypted?"""
    if (encrypted := _compiled(metadata.get("encrypted_regex"))) is not None:
        return lambda field: _any_key(field, lambda key: encrypted.search(key) is not None)
    if (plain := _compiled(metadata.get("unencrypted_regex"))) is not None:
        return lambda field: not _any_key(field, lambda key: plain.search(key) is not None)
    suffix = metadata.get("encrypted_suffix")
    if isinstance(suffix, str) and suffix:
        return lambda field: _any_key(field, lambda key: key.endswith(suffix))
    given = metadata.get("unencrypted_suffix")
    plain_suffix = given if isinstance(given, str) and given else _DEFAULT_SUFFIX
    return lambda field: not _any_key(field, lambda key: key.endswith(plain_suffix))


def _compiled(pattern: Any) -> re.Pattern[str] | None:
    if not isinstance(pattern, str) or not pattern or len(pattern) > 500:
        return None
    try:
        return re.compile(pattern)
    except re.error:
        return None  # RE2 syntax that Python does not share: nothing can be said of the document's fields by it


def _any_key(field: FieldPath, test: Callable[[str], bool]) -> bool:
    return any(isinstance(step, str) and test(step) for step in field)


def _values(value: Any, field: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    if len(field) > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _values(child, (*field, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _values(child, (*field, index))
    elif isinstance(value, str):
        yield field, value
    elif hasattr(value, "reveal_text"):
        yield field, value.reveal_text() or "binary"
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield field, str(value)
