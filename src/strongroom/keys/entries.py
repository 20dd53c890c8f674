"""What the kinds share in reading entries of SOPS metadata and of rules."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from strongroom.errors import DocumentError, UsageError
from strongroom.model.plaintext import Plaintext


def text_of(entry: Mapping[str, Any], name: str, title: str) -> str:
    """Return a part of a metadata entry that must be there.

    Args:
        entry: of the metadata.
        name: of the part.
        title: of the kind, for people.

    Raises:
        DocumentError: it is missing, empty or no text.
    """
    value = entry.get(name)
    if not isinstance(value, str) or not value:
        raise DocumentError(f"a key of {title} in the sops metadata has no {name}")
    return value


def optional_text(entry: Mapping[str, Any], name: str, title: str) -> str:
    """Return a part of a metadata entry that may be missing; empty where it is.

    Raises:
        DocumentError: it is no text.
    """
    value = entry.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DocumentError(f"{name} of a key of {title} in the sops metadata is no text")
    return value


def from_base64(text: Any) -> Plaintext | None:
    """Return what a key service gives back as base64 (RFC 4648 section 4); None where it is none."""
    if not isinstance(text, str) or not text:
        return None
    try:
        return Plaintext(base64.b64decode(text, validate=True))
    except ValueError:
        return None


def to_url_safe(data: bytes) -> str:
    """Return base64 for URLs without padding (RFC 4648 section 5, RFC 7515 appendix C)."""
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def listed(text: str) -> tuple[str, ...]:
    """Return the parts of a list as rules and options have it: separated by commas, blanks around them left out."""
    return tuple(part for part in (piece.strip() for piece in text.split(",")) if part)


def rule_text(entry: Any, field: str) -> str:
    """Return an entry of ``key_groups`` that is plain text.

    Raises:
        UsageError: it is something else.
    """
    if not isinstance(entry, str):
        raise UsageError(f"an entry under {field} of key_groups is no text")
    return entry
