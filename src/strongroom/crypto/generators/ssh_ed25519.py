"""SSH keys on Ed25519 (RFC 8709), in OpenSSH's own format, without a passphrase; the public half beside it."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from strongroom.crypto.generators.generator import Generator, Part
from strongroom.errors import UsageError
from strongroom.model.plaintext import Plaintext


def make(argument: str) -> tuple[Part, ...]:
    """Return the private key, and the public one with the comment given."""
    return pair(Ed25519PrivateKey.generate(), argument)


def pair(key: Ed25519PrivateKey | RSAPrivateKey, comment: str) -> tuple[Part, ...]:
    """Return both halves of a key as ``ssh-keygen`` writes them.

    Raises:
        UsageError: the comment would break the line of an ``authorized_keys`` file.
    """
    if not comment.isprintable():
        raise UsageError("the comment of an ssh key is printable text on one line")
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return (Part("", Plaintext(private)), Part(".pub", Plaintext(f"{public} {comment}".rstrip() + "\n")))


GENERATOR = Generator("ssh-ed25519", "an SSH key, its public half in KEY.pub", "comment", make)
