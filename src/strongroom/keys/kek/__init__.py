"""Key-encryption keys for the KMS plugin: one file per kind, listed in ``kinds.MODULES``.

A key-encryption key encrypts small things (a data key, the seed of data keys) where it lies, and never leaves there. It
has *versions*: one encrypts, every older one that its holder has not destroyed still decrypts. The id of a version is
what a KMS v2 plugin gives out as ``key_id``: it is public, the same for as long as the version lives, and no other
version ever has it, also not one that was made later under the same name
(https://github.com/kubernetes/enhancements/tree/master/keps/sig-auth/3299-kms-v2-improvements).
"""

from __future__ import annotations

import time
from typing import NamedTuple, Protocol

from strongroom.errors import KeyUnreachableError, KeyUseError
from strongroom.model.plaintext import Plaintext

PURPOSE = "strongroom kms-plugin v2"
"""What every ciphertext is bound to where the holder of the key can do so: as additional data, or as a context."""

MOST_BYTES = 160
"""Longest thing that is encrypted: it fits into RSA-OAEP under 2048 bits. An API server sends 32 bytes."""

MOST_ID_BYTES = 1024
"""Longest id of a version that an API server takes."""


class Version(NamedTuple):
    """One version of a key.

    Attributes:
        id: public; begins with the kind and the name of the key.
    """

    id: str


class KeyEncryptionKey(Protocol):
    """A key; every method may be called by several threads at once, and blocks until its deadline at the latest.

    A deadline is a point of ``time.monotonic()``. Errors and ``repr`` hold no value, no key material and no credential.

    Attributes:
        name: the key for people and for logs: its URI, which holds nothing secret.
        remote: a call may wait for a network or a device, so that an event loop runs it in a thread.
        warning: why it should not guard a production cluster; empty where nothing speaks against it.
    """

    name: str
    remote: bool
    warning: str

    def owns(self, version_id: str) -> bool:
        """Tell, without a network, whether an id can be that of a version of this key."""
        ...

    def current(self, deadline: float, /) -> Version:
        """Ask the holder which version encrypts now; notices a rotation.

        Raises:
            KeyUnreachableError: the holder does not answer in time.
            KeyUseError: the key is disabled, was deleted, or must not be used with these credentials.
        """
        ...

    def encrypt(self, plain: Plaintext, deadline: float, /) -> tuple[bytes, Version]:
        """Encrypt with the newest version; the answer says which that was.

        Raises:
            KeyUnreachableError: the holder does not answer in time.
            KeyUseError: it refuses, or `plain` has more than `MOST_BYTES`.
        """
        ...

    def decrypt(self, ciphertext: bytes, version_id: str, deadline: float, /) -> Plaintext:
        """Decrypt what a version encrypted.

        Raises:
            TamperedError: the ciphertext was changed, or another key, version or program made it.
            KeyUnreachableError: the holder does not answer in time.
            KeyUseError: the version is none of this key's, is no longer there, or must not be used.
        """
        ...

    def close(self) -> None:
        """Give back connections and sessions; a key that was closed is used no more."""
        ...


def small(plain: Plaintext) -> bytes:
    """Return what is to be encrypted.

    Raises:
        KeyUseError: it is empty or longer than `MOST_BYTES`.
    """
    value = plain.reveal()
    if not 0 < len(value) <= MOST_BYTES:
        raise KeyUseError(f"a key-encryption key takes 1 to {MOST_BYTES} bytes")
    return value


def bound_to(version_id: str) -> bytes:
    """Return the additional data that binds a ciphertext to its purpose and to a version of a key."""
    return f"{PURPOSE}\0{version_id}".encode()


def seconds_left(deadline: float, what: str) -> float:
    """Return the seconds until a deadline.

    Args:
        deadline: of ``time.monotonic()``.
        what: who was asked, for the error.

    Raises:
        KeyUnreachableError: there are none.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise KeyUnreachableError(f"{what} did not answer in time")
    return left
