"""SSH private keys as age identities (https://github.com/FiloSottile/age, package agessh).

A key that a passphrase protects is unlocked in memory; its public part says first whether it can open a file at all.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from pathlib import Path
from typing import Any

from strongroom.errors import KeyUseError
from strongroom.model.plaintext import Plaintext

_OPENSSH = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_PKCS8 = b"-----BEGIN PRIVATE KEY-----"  # RFC 7468 section 10, which the age library does not read
_MAGIC = b"openssh-key-v1\0"  # PROTOCOL.key of OpenSSH, section 1
_TAG_BYTES = 4


def is_protected(data: bytes) -> bool:
    """Tell whether a passphrase protects a private key."""
    if data.lstrip().startswith(_OPENSSH):
        cipher, _ = _opened(data)
        return cipher not in (b"none", b"")
    return b"ENCRYPTED" in data


def identity(place: str, data: bytes) -> Any:
    """Return an unprotected private key as the age library has it.

    Raises:
        KeyUseError: it is no SSH key, or of a kind that age does not use.
    """
    import pyrage

    try:
        return pyrage.ssh.Identity.from_buffer(_rewritten(data, None) if _PKCS8 in data else data)
    except (pyrage.IdentityError, ValueError):
        raise KeyUseError(
            f"{place} is no SSH key that age can use", hint="age uses ed25519 keys, and RSA keys of at least 2048 bits"
        ) from None


def unlocked(place: str, data: bytes, passphrase: Plaintext) -> Any:
    """Return a protected private key as the age library has it.

    Raises:
        KeyUseError: the passphrase is wrong, or the key cannot be read.
    """
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        plain = _rewritten(data, passphrase.reveal())
    except UnsupportedAlgorithm:
        raise KeyUseError(f"{place} is protected in a way that is not supported", hint="pip install bcrypt") from None
    except ValueError:
        raise KeyUseError(f"{place} could not be unlocked with this passphrase") from None
    return identity(place, plain)


def _rewritten(data: bytes, passphrase: bytes | None) -> bytes:
    """Return a private key of any format in that of OpenSSH, unprotected.

    Raises:
        ValueError: it is none, or the passphrase is wrong.
        UnsupportedAlgorithm: it is protected in a way that the library does not know.
    """
    from cryptography.hazmat.primitives import serialization

    openssh = data.lstrip().startswith(_OPENSSH)
    load = serialization.load_ssh_private_key if openssh else serialization.load_pem_private_key
    try:
        key = load(data, passphrase)
    except TypeError:  # a passphrase where none is needed, or the other way round
        raise ValueError("the passphrase does not fit") from None
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )


def tag_of(place: str, data: bytes) -> str:
    """Return what names a protected key in the stanzas of age files: the start of its public key's digest.

    Raises:
        KeyUseError: neither the key nor the ``.pub`` file beside it says what the public key is.
    """
    public = _opened(data)[1] if data.lstrip().startswith(_OPENSSH) else _beside(place)
    if not public:
        raise KeyUseError(f"{place} is protected, and its public key is not in {place}.pub")
    return base64.b64encode(hashlib.sha256(public).digest()[:_TAG_BYTES]).decode("ascii").rstrip("=")


def _beside(place: str) -> bytes:
    try:
        words = Path(place + ".pub").read_bytes().split()
        return base64.b64decode(words[1], validate=True)
    except (OSError, IndexError, ValueError):
        return b""


def _opened(data: bytes) -> tuple[bytes, bytes]:
    """Return the cipher of an OpenSSH private key and its public key; empty where it is damaged."""
    try:
        body = base64.b64decode(b"".join(data.strip().splitlines()[1:-1]), validate=True)
        if not body.startswith(_MAGIC):
            return b"", b""
        cipher, rest = _string(body[len(_MAGIC) :])
        _, rest = _string(rest)  # the key derivation
        _, rest = _string(rest)  # its options
        return cipher, _string(rest[4:])[0]  # behind the number of keys, which is 1
    except (ValueError, struct.error):
        return b"", b""


def _string(data: bytes) -> tuple[bytes, bytes]:
    """Split a string of RFC 4251 section 5 from what follows it."""
    (length,) = struct.unpack_from(">I", data)
    return data[4 : 4 + length], data[4 + length :]


def is_for(armoured: bytes, tag: str) -> bool:
    """Tell whether an age file has a stanza for an SSH key, by the key's tag."""
    lines = armoured.strip().splitlines()
    try:
        head = base64.b64decode(b"".join(lines[1:-1])) if lines[0].startswith(b"-----BEGIN AGE") else armoured
    except (ValueError, IndexError):
        return False
    wanted = tag.encode()
    return any(
        line.startswith((b"-> ssh-ed25519 ", b"-> ssh-rsa ")) and line.split()[2:3] == [wanted]
        for line in head.split(b"\n---", 1)[0].splitlines()
    )
