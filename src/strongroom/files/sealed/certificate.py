"""Certificates of sealing keys: what a developer needs to seal, and nothing to open with."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from strongroom.crypto.hybrid import fingerprint
from strongroom.errors import KeyUseError

_SMALLEST_BITS = 2048  # NIST SP 800-57 part 1 rev. 5, table 2: less is not acceptable
_SOON = timedelta(days=30)
RENEWAL = timedelta(days=30)
"""How often the controller makes a new sealing key where nobody set ``--key-renew-period``."""


class Certificate(NamedTuple):
    """The certificate of one sealing key.

    Attributes:
        key: the public key.
        fingerprint: names the key: ``SHA256:…``.
        since, until: its validity; the controller orders its keys by ``since``.
        pem: the certificate itself.
    """

    key: RSAPublicKey
    fingerprint: str
    since: datetime
    until: datetime
    pem: bytes

    def expires_soon(self, now: datetime) -> bool:
        """Tell whether less than 30 days are left."""
        return self.until - now < _SOON


class Bundle(NamedTuple):
    """The certificates of a file in their order, and of those the issuers that sign others of it."""

    certificates: tuple[Certificate, ...]
    issuers: int


def read(data: bytes, what: str) -> Bundle:
    """Read the sealing certificates of a PEM file.

    A bundle may hold several; a certificate that issued another one of it (a chain, with a certificate of one's own) is
    left out: nothing is sealed for an authority.

    Args:
        data: PEM.
        what: names the file in errors.

    Raises:
        KeyUseError: there is none, or one cannot be used for sealing.
    """
    try:
        found = _parsed(data)
    except ValueError:
        raise KeyUseError(
            f"{what} holds no certificate", hint="strongroom seal certificate -o FILE fetches that of the cluster"
        ) from None
    try:
        leaves = [one for one in found if not _issued_another(one, found)]
        return Bundle(tuple(_certificate(one, what) for one in leaves), len(found) - len(leaves))
    except (ValueError, UnsupportedAlgorithm):  # its parts are read when they are asked for
        raise KeyUseError(f"{what} holds a certificate that cannot be read") from None


def _parsed(data: bytes) -> list[x509.Certificate]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a negative serial number is read today, and is no matter here
        return x509.load_pem_x509_certificates(data)


def chosen(bundle: Bundle, now: datetime, what: str) -> Certificate:
    """Return the newest certificate that is valid: the one that the controller itself would hand out.

    Raises:
        KeyUseError: none is valid.
    """
    valid = [one for one in bundle.certificates if one.since <= now <= one.until]
    if valid:
        return max(valid, key=lambda one: one.since)
    raise _invalid(bundle.certificates, now, what)


def _invalid(certificates: Sequence[Certificate], now: datetime, what: str) -> KeyUseError:
    last = max(certificates, key=lambda one: one.until)
    hint = "strongroom seal certificate -o FILE fetches the current one"
    if last.since > now:
        return KeyUseError(
            f"{what} is not valid before {last.since.date()}", hint="is the clock of this machine right?"
        )
    return KeyUseError(f"{what} expired on {last.until.date()}", hint=hint)


def _certificate(found: x509.Certificate, what: str) -> Certificate:
    key = found.public_key()
    if not isinstance(key, RSAPublicKey):
        raise KeyUseError(f"{what} is not for an RSA key", hint="Sealed Secrets knows RSA keys alone")
    if key.key_size < _SMALLEST_BITS:
        raise KeyUseError(f"{what} is for a key of {key.key_size} bits", hint=f"at least {_SMALLEST_BITS} are needed")
    return Certificate(
        key,
        fingerprint(key),
        found.not_valid_before_utc,
        found.not_valid_after_utc,
        found.public_bytes(Encoding.PEM),
    )


def _issued_another(one: x509.Certificate, found: Sequence[x509.Certificate]) -> bool:
    # The controller's own certificates all have the same, empty names: only a signature tells.
    for other in found:
        if other == one or other.issuer != one.subject or other.subject == other.issuer:
            continue
        try:
            other.verify_directly_issued_by(one)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            continue
        return True
    return False
