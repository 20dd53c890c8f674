"""Trying the keys of a plugin once, before an API server depends on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import NamedTuple

from strongroom.errors import StrongroomError
from strongroom.serve.kms_plugin.calls import Caller
from strongroom.serve.kms_plugin.health import look, reachable
from strongroom.serve.kms_plugin.keyring import keyring
from strongroom.serve.kms_plugin.settings import Settings


class Tried(NamedTuple):
    """What came of trying a key.

    Attributes:
        key: its name.
        version: the id of the version that encrypted and decrypted; empty for a key that only decrypts.
        reason: why it cannot be used; empty where it can.
        hint: what to do then.
    """

    key: str
    version: str = ""
    reason: str = ""
    hint: str = ""


def tried(settings: Settings, environment: Mapping[str, str]) -> Iterator[Tried]:
    """Try each key: the first encrypts and decrypts something, the others say that they are there.

    Raises:
        UsageError: one of them is no URI of a key.
    """
    caller = Caller(1, 0)
    with closing(keyring(settings.keys(), environment)) as keys:
        try:
            version = look(keys.writer, caller, settings.timeout)
            yield Tried(keys.writer.name, version.id)
        except StrongroomError as error:
            yield Tried(keys.writer.name, "", error.message, error.hint)
        for key in keys.readers:
            yield Tried(key.name, "", reachable(key, caller, settings.timeout))
