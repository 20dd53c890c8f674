"""What is public of certificates and tokens: when they end and how strong they are. Never the value.

Both functions take any bytes of a Secret, never raise, and read a bounded part of it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from strongroom.model.secret import Certificate, Token

if TYPE_CHECKING:
    from cryptography import x509

_READ_BYTES = 1 << 20  # a Secret holds at most 1 MiB (https://kubernetes.io/docs/concepts/configuration/secret/)
_MOST_CERTIFICATES = 512
_MOST_TOKENS = 64
_MOST_TOKEN_BYTES = 1 << 14
_SUBJECT_LENGTH = 80

_PEM_BEGIN, _PEM_END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"  # RFC 7468 section 5
_PEM_AS_BASE64 = base64.b64encode(b"-----BEGIN CERT")  # 15 bytes: a whole number of base64 groups
_BASE64_RUN = re.compile(_PEM_AS_BASE64 + rb"[A-Za-z0-9+/]*={0,2}")
_OF_CLIENT = b"client-certificate-data"
_FIELD_BEFORE = 40

# RFC 7519 section 3: base64url of '{"' begins with "eyJ". The look-behind lets a match begin only where a run of
# base64url begins, which keeps the search linear on hostile input.
_JWT = re.compile(rb"(?<![A-Za-z0-9_-])(eyJ[A-Za-z0-9_-]+)\.(eyJ[A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*")
_RENEWS_ITSELF = re.compile(rb"refresh[-_]?token", re.IGNORECASE)
_LAST_SECOND = 253402300799  # 9999-12-31T23:59:59Z


def certificate_of(value: bytes) -> Certificate | None:
    """Return the facts of the first certificate in a value and the earliest expiry of all; None without one.

    Reads PEM (RFC 7468), PEM whose line ends are written as backslash-n, and PEM inside base64 as in a kubeconfig,
    where the client's certificate counts as the first.
    """
    found = [facts for facts in map(_facts_of, _certificate_blocks(value[:_READ_BYTES])) if facts]
    if not found:
        return None
    first = found[0]
    return Certificate(
        subject=first.subject,
        not_before=first.not_before,
        not_after=first.not_after,
        earliest=min(found, key=lambda facts: datetime.fromisoformat(facts.not_after)).not_after,
        count=len(found),
        key_type=first.key_type,
        key_bits=first.key_bits,
        signature_hash=first.signature_hash,
        is_ca=first.is_ca,
        self_signed=first.self_signed,
    )


def token_of(value: bytes) -> Token | None:
    """Return the earliest expiry of the JSON Web Tokens in a value; None without one.

    A value that also holds a refresh token renews itself and gives None: that its token has expired means nothing.
    """
    text = value[:_READ_BYTES]
    if b"eyJ" not in text or _RENEWS_ITSELF.search(text):
        return None
    tokens, ends = 0, []
    for _, match in zip(range(_MOST_TOKENS), _JWT.finditer(text), strict=False):
        header, claims = _segment(match[1]), _segment(match[2])
        if "alg" in header and claims:
            tokens += 1
            end = _numeric_date(claims.get("exp"))
            if end:
                ends.append(end)
    if not tokens:
        return None
    return Token(expires=min(ends).isoformat() if ends else "")


def _certificate_blocks(value: bytes) -> Iterator[bytes]:
    if _PEM_BEGIN in value:
        yield from _pem_blocks(value)
        return
    runs = []
    for match in _BASE64_RUN.finditer(value):
        before = value[max(0, match.start() - _FIELD_BEFORE) : match.start()]
        runs.append((_OF_CLIENT not in before, match.start(), match[0]))
    for _, _, run in sorted(runs)[:_MOST_CERTIFICATES]:
        yield from _pem_blocks(_from_base64(run))


def _pem_blocks(value: bytes) -> Iterator[bytes]:
    if b"\\n" in value:
        value = value.replace(b"\\r", b"").replace(b"\\n", b"\n")
    at = 0
    for _ in range(_MOST_CERTIFICATES):
        start = value.find(_PEM_BEGIN, at)
        end = value.find(_PEM_END, start)
        if start < 0 or end < 0:
            return
        at = end + len(_PEM_END)
        yield value[start:at] + b"\n"


def _facts_of(block: bytes) -> Certificate | None:
    from cryptography import x509
    from cryptography.exceptions import InternalError, UnsupportedAlgorithm

    unreadable = (ValueError, TypeError, OverflowError, InternalError, UnsupportedAlgorithm, x509.InvalidVersion)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library warns of oddities such as a negative serial number
        try:
            certificate = x509.load_pem_x509_certificate(block)
            not_before = certificate.not_valid_before_utc.isoformat()
            not_after = certificate.not_valid_after_utc.isoformat()
        except unreadable:
            return None
        extensions = _extensions_of(certificate)
        kind, bits = _key_of(certificate)
        subject, self_signed = _names_of(certificate, extensions)
        return Certificate(
            subject=subject,
            not_before=not_before,
            not_after=not_after,
            earliest=not_after,
            key_type=kind,
            key_bits=bits,
            signature_hash=_signature_hash_of(certificate),
            is_ca=_is_ca(extensions),
            self_signed=self_signed,
        )


def _extensions_of(certificate: x509.Certificate) -> x509.Extensions | None:
    from cryptography import x509

    try:
        return certificate.extensions
    except (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return None


def _key_of(certificate: x509.Certificate) -> tuple[str, int]:
    from cryptography.exceptions import InternalError, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

    try:
        key = certificate.public_key()
    except (ValueError, TypeError, InternalError, UnsupportedAlgorithm):
        return "", 0
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "EC", key.key_size
    if isinstance(key, dsa.DSAPublicKey):
        return "DSA", key.key_size
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "Ed25519", 0
    return ("Ed448", 0) if isinstance(key, ed448.Ed448PublicKey) else ("", 0)


def _signature_hash_of(certificate: x509.Certificate) -> str:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        algorithm = certificate.signature_hash_algorithm
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return ""
    return algorithm.name if algorithm else ""


def _names_of(certificate: x509.Certificate, extensions: x509.Extensions | None) -> tuple[str, bool]:
    """Return the name for people, and whether the certificate names itself as its issuer."""
    from cryptography import x509

    try:
        subject, issuer = certificate.subject, certificate.issuer
        name = subject.rfc4514_string()
    except (ValueError, TypeError):
        return "", False
    if not name and extensions is not None:
        try:
            names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            name = next(iter(names.get_values_for_type(x509.DNSName)), "")
        except x509.ExtensionNotFound:
            name = ""
    # A certificate is hostile input too: nothing in its name may steer a terminal.
    clean = "".join(char if char.isprintable() else "?" for char in name[: _SUBJECT_LENGTH + 1])
    shown = clean if len(clean) <= _SUBJECT_LENGTH else clean[: _SUBJECT_LENGTH - 1] + "…"
    return shown, bool(subject.public_bytes() == issuer.public_bytes())


def _is_ca(extensions: x509.Extensions | None) -> bool:
    from cryptography import x509

    if extensions is None:
        return False
    try:
        return extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _from_base64(text: bytes) -> bytes:
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""


def _segment(part: bytes) -> dict[str, Any]:
    """Return the JSON object of a token's part; an empty one where it holds none."""
    if len(part) > _MOST_TOKEN_BYTES:
        return {}
    try:
        decoded = json.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return {}
    return decoded if isinstance(decoded, dict) else {}


def _numeric_date(value: object) -> datetime | None:
    """Read a NumericDate (RFC 7519 section 2); None where it is none or beyond the calendar."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_SECOND:
        return None
    return datetime.fromtimestamp(int(value), UTC)
