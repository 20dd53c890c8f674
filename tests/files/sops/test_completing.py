"""Files that an editor laid open in part: encrypted again as the program sops reads them, or refused."""

from __future__ import annotations

import pytest
from pyrage import x25519
from tests.support.sops import age_key, decrypt, encrypt

from strongroom.errors import DocumentError, KeyUseError, TamperedError
from strongroom.files.sops import data_key
from strongroom.files.sops.completing import completed
from strongroom.files.sops.formats import format_of
from strongroom.keys.key import Context
from strongroom.model.plaintext import Plaintext

NOW = "2026-11-21T14:00:00Z"
PLAIN = b"host: smtp.example.org\nuser_unencrypted: shop\npassword: 6OvxDLHUJvxU0HkwYWPp\nports:\n    - 25\n"
ADDED = b"token: 1irQ0OW3FT0pGhXATg57\n"


def _context(identity: str) -> Context:
    return Context({"SOPS_AGE_KEY": identity}, lambda _: Plaintext(""), lambda: NOW, quiet=True)


def _completed(data: bytes, identity: str = "") -> bytes:
    context = _context(identity or age_key().identity)
    return completed(data, format_of("db.yaml"), lambda metadata: data_key.unwrap(metadata, context), NOW)


def _line(data: bytes, name: bytes) -> bytes:
    return next(line for line in data.splitlines(keepends=True) if line.startswith(name))


def test_an_added_value() -> None:
    """It is encrypted, the others keep their ciphertext, and sops finds the MAC to fit."""
    sealed = encrypt(PLAIN, "yaml")
    after = _completed(ADDED + sealed)
    assert ADDED.split()[1] not in after
    assert decrypt(after, "yaml") == ADDED + PLAIN
    assert _line(after, b"password") == _line(sealed, b"password")


def test_a_value_that_was_laid_open() -> None:
    """It is encrypted again."""
    sealed = encrypt(PLAIN, "yaml")
    opened = sealed.replace(_line(sealed, b"password"), _line(PLAIN, b"password"))
    assert decrypt(_completed(opened), "yaml") == PLAIN


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"user_unencrypted: shop", b"user_unencrypted: eve"),
        (b"smtp", b"smtp"),
        (b"password: ENC[AES256_GCM,data:", b"p"),
    ],
    ids=["a value in the clear", "a value that was replaced", "a value that was destroyed"],
)
def test_what_was_changed_besides_is_not_signed(old: bytes, new: bytes) -> None:
    """Where anything but the plain values was changed too, the file is refused."""
    sealed = encrypt(PLAIN, "yaml")
    if old == b"smtp":
        changed = sealed.replace(_line(sealed, b"host"), b"host: mail.example.net\n")
    else:
        changed = sealed.replace(old, new, 1)
    assert changed != sealed
    with pytest.raises((TamperedError, DocumentError)):
        _completed(ADDED + changed)


def test_nothing_to_do() -> None:
    """A file in which everything is encrypted is not written anew."""
    with pytest.raises(DocumentError):
        _completed(encrypt(PLAIN, "yaml"))


def test_a_key_that_does_not_open_it() -> None:
    """Without its key nothing is written."""
    with pytest.raises(KeyUseError):
        _completed(ADDED + encrypt(PLAIN, "yaml"), str(x25519.Identity.generate()))
