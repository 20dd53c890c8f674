"""STREAM: authenticated encryption in chunks, of which none can be moved, left out or added.

The construction is that of the payload of age (https://age-encryption.org/v1, section "Payload"): ChaCha20-Poly1305
(RFC 8439) over chunks of 64 KiB; the nonce is the number of the chunk as 11 bytes, big endian, and one byte that is 1
for the last chunk and 0 for the others (V. T. Hoang et al., "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance", CRYPTO 2015, https://eprint.iacr.org/2015/189). The last chunk is empty only where everything is.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from strongroom.errors import TamperedError
from strongroom.model.plaintext import Plaintext

CHUNK = 64 << 10
"""Bytes of a chunk in plain; the last one may be shorter."""

TAG = 16
"""Bytes that each chunk grows by (RFC 8439 section 2.8)."""

SALT = 16
"""Bytes of a salt, as the payload nonce of age has."""

_KEY = 32  # RFC 8439 section 2.3
_COUNTER = 11


def derived(key: Plaintext, salt: bytes, purpose: bytes) -> Plaintext:
    """Return a key for one purpose: HKDF-SHA256 (RFC 5869), as age derives its payload and header keys."""
    return Plaintext(HKDF(SHA256(), _KEY, salt=salt, info=purpose).derive(key.reveal()))


def mac(key: Plaintext, data: bytes) -> bytes:
    """Return the HMAC-SHA256 (RFC 2104) of data."""
    return hmac.digest(key.reveal(), data, "sha256")


def sealed(key: Plaintext, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what is encrypted, chunk by chunk.

    Args:
        key: 32 bytes that encrypt nothing else, ever: the nonces begin at zero.
        pieces: what is encrypted, in pieces of any length.
    """
    cipher, number, held = ChaCha20Poly1305(key.reveal()), 0, bytearray()
    for piece in pieces:
        held += piece
        at = 0
        # A whole chunk is written only when something comes after it: else it is the last.
        while len(held) - at > CHUNK:
            yield cipher.encrypt(_nonce(number, last=False), bytes(held[at : at + CHUNK]), None)
            at, number = at + CHUNK, number + 1
        del held[:at]
    yield cipher.encrypt(_nonce(number, last=True), bytes(held), None)


def opened(key: Plaintext, read: Callable[[int], bytes], what: str) -> Iterator[bytes]:
    """Yield what was encrypted, each chunk after it is authenticated; the end is authentic when the iterator ends.

    Args:
        key: that of `sealed`.
        read: returns as many bytes as are asked for, fewer only at the end.
        what: names the file in the error.

    Raises:
        TamperedError: something was changed, moved, left out or added, or the end is missing.
    """
    cipher, number = ChaCha20Poly1305(key.reveal()), 0
    chunk = read(CHUNK + TAG)
    while True:
        following = read(CHUNK + TAG) if len(chunk) == CHUNK + TAG else b""
        last = not following
        try:
            plain = cipher.decrypt(_nonce(number, last=last), chunk, None)
        except (InvalidTag, ValueError):
            raise _changed(what) from None
        if not plain and number:
            raise _changed(what)
        yield plain
        if last:
            return
        chunk, number = following, number + 1


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(_COUNTER, "big") + bytes([last])


def _changed(what: str) -> TamperedError:
    return TamperedError(f"{what} was changed after it was made, or is cut off", hint="use another copy of it")
