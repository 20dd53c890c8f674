"""Passwords of letters, digits and four signs, with at least one of each.

The signs are those that need no escape in a URL (RFC 3986 section 2.3, "unreserved"), a shell word or YAML, so that a
password can stand in ``postgres://user:password@host`` as it is.
"""

from __future__ import annotations

import secrets
import string

from strongroom.crypto.generators.generator import Generator, Part, count
from strongroom.model.plaintext import Plaintext

_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-._~")
_ALPHABET = "".join(_CLASSES)
_LEAST, _MOST, _USUAL = 11, 4096, 32  # 11 of 66 characters are 66 bits


def make(argument: str) -> tuple[Part, ...]:
    """Return a password of so many characters."""
    length = count(argument, _USUAL, _LEAST, _MOST, "the length of a password")
    return (Part("", Plaintext(of_classes(_CLASSES, length))),)


def of_classes(classes: tuple[str, ...], length: int) -> str:
    """Return random characters of all classes, each class at least once.

    Whole candidates are thrown away until one fits, which leaves all that fit equally likely; to put one of each class
    in and shuffle would not. It does not start or end with a sign: people lose those when they copy.
    """
    alphabet = "".join(classes)
    while True:
        text = "".join(secrets.choice(alphabet) for _ in range(length))
        if text[0].isalnum() and text[-1].isalnum() and all(set(one) & set(text) for one in classes):
            return text


GENERATOR = Generator("password", "letters, digits and - . _ ~", "characters, 32", make)
