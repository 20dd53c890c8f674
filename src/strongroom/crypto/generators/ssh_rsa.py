"""SSH keys on RSA (RFC 8332), for servers that know nothing newer; otherwise as `ssh_ed25519`."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import rsa

from strongroom.crypto.generators.generator import Generator, Part, count
from strongroom.crypto.generators.ssh_ed25519 import pair

_LEAST, _MOST, _USUAL = 2048, 8192, 3072  # 128 bits of strength: NIST SP 800-57 part 1, table 2
_EXPONENT = 65537


def make(argument: str) -> tuple[Part, ...]:
    """Return the private key of so many bits, and the public one."""
    bits = count(argument, _USUAL, _LEAST, _MOST, "the number of bits of an rsa key")
    return pair(rsa.generate_private_key(_EXPONENT, bits), "")


GENERATOR = Generator("ssh-rsa", "an SSH key, its public half in KEY.pub", "bits, 3072", make)
