"""Passwords of letters and digits alone, for programs that take no signs."""

from __future__ import annotations

import string

from strongroom.crypto.generators.generator import Generator, Part, count
from strongroom.crypto.generators.password import of_classes
from strongroom.model.plaintext import Plaintext

_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
_LEAST, _MOST, _USUAL = 11, 4096, 32  # 11 of 62 characters are 65 bits


def make(argument: str) -> tuple[Part, ...]:
    """Return so many letters and digits."""
    length = count(argument, _USUAL, _LEAST, _MOST, "the length of an alphanumeric value")
    return (Part("", Plaintext(of_classes(_CLASSES, length))),)


GENERATOR = Generator("alphanumeric", "letters and digits", "characters, 32", make)
