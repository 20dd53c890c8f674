"""PKCS#11 URIs (RFC 7512): which library, which token, which key, and where the PIN stands, never the PIN."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from strongroom.errors import UsageError

SCHEME = "pkcs11"

_TOKEN = ("token", "manufacturer", "model", "serial")
_KEY = ("object", "id", "type")
_QUERY = ("module-path", "pin-source")
_SHAPE = "pkcs11:token=NAME;object=KEY?module-path=/usr/lib/…/LIBRARY.so&pin-source=file:/run/pin"
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LONGEST_LABEL = 128


class Uri(NamedTuple):
    """What a URI says.

    Attributes:
        token: attributes of the token that are given: ``token`` (its label), ``manufacturer``, ``model``, ``serial``.
        label: of the keys (CKA_LABEL); empty where any.
        id: of the one key (CKA_ID); None where each with the label is a version.
        module: path of the library.
        pin_source: ``file:PATH``, ``PATH`` or ``env:NAME``.
    """

    token: tuple[tuple[str, str], ...]
    label: str
    id: bytes | None
    module: str
    pin_source: str

    @property
    def key_name(self) -> str:
        """The key in ids of its versions: its label, escaped."""
        return quote(self.label, safe="")


def parse(uri: str) -> Uri:
    """Return what a URI says.

    Raises:
        UsageError: it is none, names no token and key, holds a PIN, or an attribute that is not known.
    """
    path, _, query = uri.removeprefix(f"{SCHEME}:").partition("?")
    named = _attributes(path, ";", (*_TOKEN, *_KEY))
    asked = _attributes(query, "&", _QUERY)
    token = tuple((name, _text(name, named[name])) for name in _TOKEN if name in named)
    label = _text("object", named.get("object", b""))
    if not token or not (label or "id" in named):
        raise UsageError("a PKCS#11 URI names no token, or no key of it", hint=f"such as {_SHAPE}")
    if named.get("type", b"secret-key") != b"secret-key" or len(label.encode()) > _LONGEST_LABEL:
        raise UsageError("a PKCS#11 URI names no secret key", hint="type=secret-key, and a label of up to 128 bytes")
    module, source = (
        _text("module-path", asked.get("module-path", b"")),
        _text("pin-source", asked.get("pin-source", b"")),
    )
    if not module.startswith("/"):
        raise UsageError("a PKCS#11 URI has no module-path", hint=f"the library of the token: {_SHAPE}")
    if not source or source.startswith("|"):
        raise UsageError("a PKCS#11 URI has no usable pin-source", hint="pin-source=file:PATH or pin-source=env:NAME")
    return Uri(token, label, named.get("id"), module, source)


def _attributes(text: str, separator: str, known: tuple[str, ...]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in text.split(separator) if text else ():
        name, equals, value = part.partition("=")
        if name in ("pin-value", "pin"):
            raise UsageError("a PKCS#11 URI holds the PIN itself", hint="it belongs in a file: pin-source=file:PATH")
        if name not in known:
            raise UsageError("a PKCS#11 URI has an attribute that is not known", hint="known are " + ", ".join(known))
        if not equals or not value or name in found or _ESCAPE.search(value):
            raise UsageError(f"{name} of a PKCS#11 URI is empty, stands there twice, or is badly escaped")
        found[name] = unquote_to_bytes(value)
    return found


def _text(name: str, value: bytes) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if not (text.isprintable() or not text):
        raise UsageError(f"{name} of a PKCS#11 URI is no printable text")
    return text
