"""What a generator is, and how the argument of one is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from strongroom.errors import UsageError
from strongroom.model.plaintext import Plaintext

LEAST_BITS = 64
"""Fewer random bits than this are refused: 2**64 guesses are out of reach on line, and dear off line."""


class Part(NamedTuple):
    """One value that was made.

    Attributes:
        suffix: behind the key that the user names: ``.pub`` for the public half of a pair; mostly empty.
        value: the value.
    """

    suffix: str
    value: Plaintext


class Generator(NamedTuple):
    """One kind of value that can be made; each module of this room declares one as ``GENERATOR``.

    Attributes:
        id: what users write: ``password`` of ``password:32``.
        title: what it makes, in a few words.
        argument: what stands behind the colon, for people; empty where nothing may.
        make: one or more values from the text behind the colon (empty: the default). Raises UsageError.
    """

    id: str
    title: str
    argument: str
    make: Callable[[str], tuple[Part, ...]]


def count(text: str, default: int, least: int, most: int, what: str) -> int:
    """Read a number behind a colon.

    Raises:
        UsageError: it is none, or out of bounds.
    """
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 8 and least <= int(text) <= most):
        raise UsageError(f"{what} is a number from {least} to {most}")
    return int(text)
