"""``kubernetes.io/tls``: a certificate and its private key.

https://kubernetes.io/docs/concepts/configuration/secret/#tls-secrets
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from strongroom.errors import UsageError
from strongroom.files.secret_kinds.kind import Data, Made, Part, SecretKind, Written

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes, PrivateKeyTypes
    from cryptography.x509 import Certificate

    from strongroom.model.plaintext import Plaintext

_CERTIFICATE, _KEY, _AUTHORITY = "tls.crt", "tls.key", "ca.crt"


def make(parts: Data, name: str) -> Made:  # noqa: ARG001 - one signature for all
    """Return the keys of the files given, as they are."""
    return Made(
        {key: parts[part] for part, key in (("cert", _CERTIFICATE), ("key", _KEY), ("ca", _AUTHORITY)) if part in parts}
    )


def check(secret: Written) -> tuple[str, ...]:
    """See that certificate and key belong together, as kubectl does, and note what is wrong with the chain."""
    for key, option in ((_CERTIFICATE, "--cert"), (_KEY, "--key")):
        if key not in secret.data:
            raise UsageError(f"a tls Secret has the key {key}", hint=f"{option} FILE")
    chain, key_ = _chain(secret.data[_CERTIFICATE]), _private(secret.data[_KEY])
    if _public(chain[0]) != key_.public_key():
        hint = "the first certificate of the file is the one that counts" if len(chain) > 1 else ""
        raise UsageError("certificate and private key do not belong together", hint=hint)
    return tuple(_notes(chain))


def _chain(value: Plaintext) -> list[Certificate]:
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(value.reveal())
    except ValueError:
        raise UsageError("the certificate is not in PEM form", hint="openssl x509 -inform DER -in FILE") from None


def _private(value: Plaintext) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(value.reveal(), None)
    except TypeError:
        raise UsageError("the private key has a passphrase", hint="openssl pkey -in FILE takes it off") from None
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError("the private key is not in PEM form, or of an unknown kind") from None


def _public(certificate: Certificate) -> CertificatePublicKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError("the key of the certificate is of an unknown kind") from None


def _notes(chain: list[Certificate]) -> list[str]:
    notes, now = [], datetime.now(UTC)
    for number, one in enumerate(chain, 1):
        which = "the certificate" if len(chain) == 1 else f"certificate {number} of {len(chain)}"
        if one.not_valid_after_utc < now:
            notes.append(f"{which} expired on {one.not_valid_after_utc:%Y-%m-%d}")
        if one.not_valid_before_utc > now:
            notes.append(f"{which} is not valid before {one.not_valid_before_utc:%Y-%m-%d}")
    for number, (one, next_) in enumerate(itertools.pairwise(chain), 1):
        if not _issued(one, next_):
            notes.append(f"certificate {number} of {len(chain)} was not issued by the one behind it")
    return notes


def _issued(one: Certificate, by: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        one.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


KIND = SecretKind(
    "tls",
    "kubernetes.io/tls",
    "a certificate and its private key",
    (
        Part("cert", "file", "the certificate, then those that lead to its CA; PEM"),
        Part("key", "file", "its private key; PEM"),
        Part("ca", "file", "the CA of clients, as ca.crt; PEM"),
    ),
    ("cert", "key"),
    make,
    check,
)
