"""Open sealed values with exported sealing keys: to find out which key made them, to seal anew, to recover."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from strongroom.crypto.hybrid import unseal
from strongroom.errors import KeyUseError, TamperedError
from strongroom.files.sealed.private_keys import SealingKey
from strongroom.files.sealed.scope import without_scope
from strongroom.files.sealed.sealed import SealedSecret, envelope
from strongroom.model.plaintext import Plaintext
from strongroom.model.resource import as_dict, as_text

_SIMPLE = re.compile(r"\{\{-?\s*(?:index\s+\.\s+\"([^\"\\]+)\"|\.([A-Za-z_][A-Za-z0-9_]*))\s*-?\}\}")
_TRIMMED = re.compile(r"\{\{-|-\}\}")


class Opened(NamedTuple):
    """A value and the key that opened it."""

    value: Plaintext
    fingerprint: str


def open_value(text: str, label: bytes, keys: Mapping[str, SealingKey]) -> Opened:
    """Open one value with whichever of the keys it was sealed for.

    Raises:
        TamperedError: it is no sealed value, or was changed.
        KeyUseError: none of the keys opens it.
    """
    found = envelope(text)
    for fingerprint, key in keys.items():
        value = unseal(key.key, found, label)
        if value is not None:
            return Opened(value, fingerprint)
    raise KeyUseError(
        f"none of {len(keys)} sealing keys opens it" if len(keys) != 1 else "the sealing key does not open it",
        hint="it was sealed for another key, or for another name, namespace or scope",
    )


def open_all(sealed: SealedSecret, keys: Mapping[str, SealingKey]) -> dict[str, Opened]:
    """Open every value of an object.

    Raises:
        TamperedError, KeyUseError: as `open_value`; the message names the key.
    """
    found: dict[str, Opened] = {}
    for name, text in sealed.values.items():
        try:
            found[name] = open_value(text, sealed.label, keys)
        except KeyUseError as error:
            raise KeyUseError(f"{name} of {sealed.show()}: {error.message}", hint=error.hint) from None
        except TamperedError as error:
            raise TamperedError(f"{name} of {sealed.show()}: {error.message}", hint=error.hint) from None
    return found


class Recovered(NamedTuple):
    """A Secret as the controller would make it, and the keys of templates that only the controller can fill in."""

    body: dict[str, Any]
    left: tuple[str, ...]

    def __repr__(self) -> str:
        return "Recovered(hidden)"


def recovered(sealed: SealedSecret, keys: Mapping[str, SealingKey]) -> Recovered:
    """Make the Secret of a SealedSecret; ``data`` holds the values in base64.

    Raises:
        TamperedError, KeyUseError: as `open_all`.
    """
    values = {name: opened.value for name, opened in open_all(sealed, keys).items()}
    template = sealed.template
    left = []
    for name, text in as_dict(template.get("data")).items():
        filled = _filled(as_text(text), values)
        if filled is None:
            left.append(name)
        else:
            values[name] = filled
    body: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": _metadata(sealed, template)}
    if as_text(template.get("type")):
        body["type"] = template["type"]
    if isinstance(template.get("immutable"), bool):
        body["immutable"] = template["immutable"]
    body["data"] = {name: base64.b64encode(value.reveal()).decode() for name, value in values.items()}
    return Recovered(body, tuple(left))


def _metadata(sealed: SealedSecret, template: dict[str, Any]) -> dict[str, Any]:
    source = as_dict(template.get("metadata"))
    metadata: dict[str, Any] = {"name": sealed.name}
    if sealed.namespace:
        metadata["namespace"] = sealed.namespace
    if as_dict(source.get("labels")):
        metadata["labels"] = source["labels"]
    # The scope is kept, so that what is recovered can be sealed again as it was.
    annotations = {**without_scope(as_dict(source.get("annotations"))), **sealed.scope.annotations()}
    if annotations:
        metadata["annotations"] = annotations
    return metadata


def _filled(text: str, values: Mapping[str, Plaintext]) -> Plaintext | None:
    """Fill in a template that only names values; None for any other, which needs the controller's functions."""
    missing = False

    def put(match: re.Match[str]) -> str:
        nonlocal missing
        value = values.get(match[1] or match[2])
        found = None if value is None else value.reveal_text()
        missing = missing or found is None
        return found or ""

    plain = _SIMPLE.sub("", text)
    if "{{" in plain or "}}" in plain or _TRIMMED.search(text):
        return None
    filled = _SIMPLE.sub(put, text)
    return None if missing else Plaintext(filled)
