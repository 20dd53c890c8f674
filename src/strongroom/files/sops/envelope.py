"""``ENC[AES256_GCM,…]``: one value encrypted under the data key of a file.

AES-256-GCM with a random nonce of 32 bytes; the additional data is the path of keys that leads to the value, each
followed by a colon, so that a value cannot be moved (``aes/cipher.go``, ``sops.go`` of https://github.com/getsops/sops).
The type tag is not authenticated in this format; the MAC of the file covers the bytes of the values, not their types.
"""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from os import urandom
from typing import TYPE_CHECKING, Final, cast

from strongroom.errors import TamperedError
from strongroom.files.sops.document import Scalar, Type
from strongroom.model.plaintext import Plaintext

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES: Final = 32
TAG_BYTES: Final = 16
PREFIX: Final = "ENC[AES256_GCM,"

_BASE64 = r"[A-Za-z0-9+/]+={0,2}"
_ENVELOPE: Final = re.compile(rf"ENC\[AES256_GCM,data:({_BASE64}),iv:({_BASE64}),tag:({_BASE64}),type:([a-z]+)\]\Z")
_NONCE_LENGTHS: Final = range(8, 129)
_INT: Final = re.compile(rb"[-+]?[0-9]{1,20}\Z")
_FLOAT: Final = re.compile(rb"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\Z")
_SPECIAL: Final = {b"+Inf": b"+Inf", b"Inf": b"+Inf", b"-Inf": b"-Inf", b"NaN": b"NaN"}
_TRUE: Final = frozenset((b"1", b"t", b"T", b"TRUE", b"true", b"True"))
_FALSE: Final = frozenset((b"0", b"f", b"F", b"FALSE", b"false", b"False"))


def cipher(key: bytes) -> AESGCM:
    """Return what seals and opens under a data key of 32 bytes.

    Raises:
        TamperedError: the key has another length.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(key) != 32:
        raise TamperedError("the data key does not have 32 bytes")
    return AESGCM(key)


def additional_data(path: tuple[str, ...]) -> bytes:
    """Return what binds a value to its place (a path of keys; positions in lists do not count)."""
    return (":".join(path) + ":").encode("utf-8", "surrogateescape")


def seal_scalar(scalar: Scalar, key: bytes, path: tuple[str, ...]) -> str:
    """Return the text that stands for a value in the file; an empty value stays empty, as in SOPS."""
    return seal(cipher(key), scalar, additional_data(path))


def open_scalar(text: str, key: bytes, path: tuple[str, ...]) -> Scalar:
    """Return the value that a text of the file stands for.

    Raises:
        TamperedError: not of this form, changed, moved, or sealed under another key.
    """
    return unseal(cipher(key), text, additional_data(path))


def seal(aes: AESGCM, scalar: Scalar, aad: bytes) -> str:
    """Seal one value; the additional data is given as it is."""
    data = scalar.data.reveal()
    if not data:
        return ""
    nonce = urandom(NONCE_BYTES)
    sealed = aes.encrypt(nonce, data, aad)
    body = b2a_base64(sealed[:-TAG_BYTES], newline=False)
    tag = b2a_base64(sealed[-TAG_BYTES:], newline=False)
    iv = b2a_base64(nonce, newline=False)
    return (b"ENC[AES256_GCM,data:%b,iv:%b,tag:%b,type:%b]" % (body, iv, tag, scalar.type.encode())).decode("ascii")


def unseal(aes: AESGCM, text: str, aad: bytes) -> Scalar:
    """Open one value; the additional data is given as it is.

    Raises:
        TamperedError: as `open_scalar`.
    """
    if not text:
        return Scalar("str", Plaintext(b""))
    match = _ENVELOPE.match(text)
    if match is None:
        raise TamperedError("is not encrypted, or not in the form that sops writes")
    body, iv, tag, kind = match.groups()
    try:
        sealed = a2b_base64(body, strict_mode=True) + a2b_base64(tag, strict_mode=True)
        nonce = a2b_base64(iv, strict_mode=True)
    except Base64Error:
        raise TamperedError("has an envelope that is not base64") from None
    if len(nonce) not in _NONCE_LENGTHS or len(sealed) < TAG_BYTES:
        raise TamperedError("has an envelope of a wrong length")
    return _typed(kind, _decrypted(aes, nonce, sealed, aad))


def _decrypted(aes: AESGCM, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag

    try:
        return aes.decrypt(nonce, sealed, aad)
    except InvalidTag:
        raise TamperedError("was changed, moved, or encrypted under another data key") from None


def _typed(kind: str, data: bytes) -> Scalar:
    if kind == "str" or kind in {"bytes", "comment", "time"}:
        return Scalar(cast("Type", kind), Plaintext(data))
    if kind == "int" and _INT.match(data) and -(1 << 63) <= int(data) < 1 << 63:
        return Scalar("int", Plaintext(b"%d" % int(data)))
    if kind == "float" and (data in _SPECIAL or _FLOAT.match(data)):
        return Scalar("float", Plaintext(data))
    if kind == "bool" and (data in _TRUE or data in _FALSE):
        return Scalar("bool", Plaintext(b"True" if data in _TRUE else b"False"))
    raise TamperedError("does not fit the type that it names")


def mac_bytes(scalar: Scalar) -> bytes:
    """Return the bytes of a value as SOPS hashes them; only floats are brought to another form."""
    data = scalar.data.reveal()
    if scalar.type != "float":
        return data
    special = _SPECIAL.get(data)
    return special if special is not None else positional(float(data)).encode("ascii")


def positional(value: float) -> str:
    """Return the shortest digits of a number without an exponent (Go's ``strconv.FormatFloat(value, 'f', -1, 64)``)."""
    if value != value:
        return "NaN"
    text = repr(value)
    if text.endswith("inf"):
        return "-Inf" if value < 0 else "+Inf"
    if "e" not in text:
        return text.removesuffix(".0")
    mantissa, _, power = text.partition("e")
    sign = "-" if mantissa[0] == "-" else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    point = len(whole) + int(power)
    digits = whole + fraction
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    return f"{sign}{digits.ljust(point, '0')}"
