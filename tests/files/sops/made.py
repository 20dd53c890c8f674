"""Encrypted files for tests, under one data key."""

from __future__ import annotations

import os
from functools import lru_cache

from tests.support import sops

from strongroom.files.sops.formats import format_of
from strongroom.files.sops.metadata import Metadata
from strongroom.files.sops.opened import Opened, open_file
from strongroom.files.sops.rule import Rule
from strongroom.files.sops.sealing import Groups, encrypt
from strongroom.files.sops.selection import Selection
from strongroom.keys import age
from strongroom.keys.key import Context, MasterKey
from strongroom.model.plaintext import Plaintext

NOW = "2026-01-02T03:04:05Z"
LATER = "2026-02-03T04:05:06Z"
EVERYTHING = Selection()
SECRETS = Selection(encrypted_regex="^(data|stringData)$")


@lru_cache(maxsize=1)
def context() -> Context:
    """Return where the key of the tests is found."""
    return Context(sops.environment(), lambda _: Plaintext(""), lambda: NOW)


@lru_cache(maxsize=1)
def data_key() -> Plaintext:
    """Return a data key."""
    return Plaintext(os.urandom(32))


@lru_cache(maxsize=1)
def groups() -> Groups:
    """Return the data key wrapped for the key of the tests."""
    return ((age.wrap(data_key(), MasterKey("age", sops.age_key().recipient), context()),),)


def unwrap(metadata: Metadata) -> Plaintext:
    """Return the data key of a file that is encrypted for the key of the tests."""
    return age.unwrap(metadata.groups[0][0], context())


def encrypted(data: bytes, form: str, selection: Selection = EVERYTHING, indent: int = 0) -> bytes:
    """Encrypt a file."""
    rule = Rule((), 0, selection, indent)
    return encrypt(Plaintext(data), format_of("", form), rule, data_key(), groups(), NOW)


def opened(data: bytes, form: str) -> Opened:
    """Open an encrypted file."""
    return open_file(data, format_of("", form), unwrap)


def decrypted(data: bytes, form: str) -> bytes:
    """Return what an encrypted file holds."""
    return opened(data, form).plain().reveal()
