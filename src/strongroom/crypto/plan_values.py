"""Values that a plan brings itself, encrypted: a plan can be shown, saved and signed off without them.

AES-256-GCM (NIST SP 800-38D) under a key that HKDF-SHA256 (RFC 5869) derives from the fingerprint key. A sealed value
says nothing of its place: that nobody moves it to one where it can be read is what the tag of a saved plan is for,
HMAC-SHA256 (RFC 2104) over all of it under another derived key.
"""

from __future__ import annotations

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from strongroom.errors import PlanError
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import Sealed

_NONCE_BYTES = 12  # NIST SP 800-38D, section 8.2: a 96-bit IV
_TAG_BYTES = 16  # section 5.2.1.2: the full tag


def seal(value: Plaintext, key: bytes) -> Sealed:
    """Return a value as a plan may hold it.

    Args:
        value: the value.
        key: the fingerprint key, under which the digests of the plan are made too.
    """
    nonce = os.urandom(_NONCE_BYTES)
    return Sealed(nonce + _cipher(key).encrypt(nonce, value.reveal(), None))


def opened(piece: Sealed, key: bytes) -> Plaintext:
    """Return the value.

    Raises:
        PlanError: it was sealed under another key, or was changed.
    """
    try:
        return Plaintext(_cipher(key).decrypt(piece.data[:_NONCE_BYTES], piece.data[_NONCE_BYTES:], None))
    except (InvalidTag, ValueError):
        raise PlanError("a value of the plan cannot be opened", hint="was the fingerprint key changed?") from None


def length(piece: Sealed) -> int:
    """Return how many bytes the value has, which shows without the key."""
    return max(0, len(piece.data) - _NONCE_BYTES - _TAG_BYTES)


def tag(saved: bytes, key: bytes) -> str:
    """Return what shows that a holder of the fingerprint key made a plan: 64 hexadecimal digits.

    It is no fingerprint of a text: a plan names those of files, which others may have written.

    Args:
        saved: the plan in its canonical form.
        key: the fingerprint key.
    """
    derived = HKDF(SHA256(), 32, salt=None, info=b"strongroom plan: who made it, v1").derive(key)
    return hmac.digest(derived, saved, "sha256").hex()


def _cipher(key: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"strongroom plan: values that it brings, v1").derive(key))
