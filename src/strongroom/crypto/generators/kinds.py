"""The kinds of values that can be made."""

from __future__ import annotations

import importlib

from strongroom.crypto.generators.generator import Generator, Part
from strongroom.errors import UsageError

GENERATORS = ("password", "alphanumeric", "passphrase", "hex", "base64", "uuid", "ssh-ed25519", "ssh-rsa", "tls")
"""Ids; the generator of each is in the module of its name, which is loaded when it is asked for."""


def generator(id_: str) -> Generator:
    """Return a generator by its id.

    Raises:
        UsageError: there is none of that name.
    """
    if id_ not in GENERATORS:
        raise UsageError("there is no generator of that name", hint=f"one of {', '.join(GENERATORS)}")
    found: Generator = importlib.import_module(f"strongroom.crypto.generators.{id_.replace('-', '_')}").GENERATOR
    return found


def generate(asked: str) -> tuple[Part, ...]:
    """Make what ``ID`` or ``ID:ARGUMENT`` asks for.

    Raises:
        UsageError: there is no such generator, or it does not take this argument.
    """
    id_, _, argument = asked.partition(":")
    return generator(id_).make(argument)
