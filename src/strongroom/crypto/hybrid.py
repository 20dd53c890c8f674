"""The envelope of Sealed Secrets: RSA-OAEP around the key of one AES-256-GCM message.

Specification: https://github.com/bitnami-labs/sealed-secrets ``pkg/crypto/crypto.go`` and ``docs/developer/crypto.md``:
two bytes with the length of the RSA ciphertext (big endian), the RSA ciphertext (OAEP with SHA-256 for the hash and for
MGF1, RFC 8017 section 7.1, with a label), the AES-GCM ciphertext with its tag. The nonce is zero and not written: a key
seals one value and is forgotten.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from strongroom.errors import TamperedError
from strongroom.model.plaintext import Plaintext

_LENGTH_BYTES = 2
_KEY_BYTES = 32
_TAG_BYTES = 16  # NIST SP 800-38D, section 5.2.1.2: a 128-bit tag
_ZERO_NONCE = bytes(12)
_SMALLEST_RSA_BYTES = 2 * SHA256.digest_size + 2 + _KEY_BYTES  # what OAEP needs, RFC 8017 section 7.1.1


class Envelope(NamedTuple):
    """The parts of a sealed value: the wrapped key, and the message with its tag."""

    wrapped: bytes
    message: bytes

    @property
    def size(self) -> int:
        """The length of the plaintext in bytes: the envelope does not hide it."""
        return len(self.message) - _TAG_BYTES

    @property
    def key_bits(self) -> int:
        """The size of the RSA key that it was sealed with."""
        return len(self.wrapped) * 8


def seal(key: RSAPublicKey, value: Plaintext, label: bytes) -> bytes:
    """Seal a value.

    Args:
        key: the public half of the sealing key.
        value: any bytes, also none.
        label: what it is bound to; opening asks for the same.
    """
    session = AESGCM.generate_key(_KEY_BYTES * 8)
    wrapped = key.encrypt(session, _oaep(label))
    message = AESGCM(session).encrypt(_ZERO_NONCE, value.reveal(), None)
    return len(wrapped).to_bytes(_LENGTH_BYTES, "big") + wrapped + message


def parse(data: bytes) -> Envelope:
    """Take an envelope apart; nothing of it is authenticated yet.

    Raises:
        TamperedError: it is cut off, or holds no key.
    """
    length = int.from_bytes(data[:_LENGTH_BYTES], "big")
    envelope = Envelope(data[_LENGTH_BYTES : _LENGTH_BYTES + length], data[_LENGTH_BYTES + length :])
    if len(data) < _LENGTH_BYTES or len(envelope.wrapped) < length or len(envelope.message) < _TAG_BYTES:
        raise TamperedError("a sealed value is cut off")
    if length < _SMALLEST_RSA_BYTES:
        raise TamperedError("a sealed value has no wrapped key")
    return envelope


def unseal(key: RSAPrivateKey, envelope: Envelope, label: bytes) -> Plaintext | None:
    """Open an envelope, or return None where it was sealed for another key or another label: that looks the same.

    Raises:
        TamperedError: the key fits, and the message is not what was sealed.
    """
    if len(envelope.wrapped) * 8 != key.key_size:
        return None
    try:
        session = key.decrypt(envelope.wrapped, _oaep(label))
    except ValueError:
        return None
    try:
        return Plaintext(AESGCM(session).decrypt(_ZERO_NONCE, envelope.message, None))
    except (InvalidTag, ValueError):
        raise TamperedError("a sealed value was changed after it was sealed") from None


def fingerprint(key: RSAPublicKey) -> str:
    """Return what names a sealing key: ``SHA256:…`` as OpenSSH writes it, and as the controller logs it."""
    wire = b64decode(key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1])
    return "SHA256:" + b64encode(hashlib.sha256(wire).digest()).decode().rstrip("=")


def _oaep(label: bytes) -> OAEP:
    return OAEP(mgf=MGF1(SHA256()), algorithm=SHA256(), label=label)
