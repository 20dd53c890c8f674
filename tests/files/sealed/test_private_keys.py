"""Exported sealing keys in the forms in which people keep them."""

from __future__ import annotations

from datetime import timedelta

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.support.sealing_keys import BEGIN, backup, pair, private_key

from strongroom.errors import KeyUseError
from strongroom.files.sealed.private_keys import newest, read, together
from strongroom.model.plaintext import Plaintext


def test_pem() -> None:
    """A PEM file is one key of unknown age."""
    (found,) = read(Plaintext(pair(0).private), "k.pem")

    assert (found.fingerprint, found.name, found.since) == (pair(0).fingerprint, "k.pem", None)


def test_backup() -> None:
    """A List of the controller's Secrets gives each key with its age; YAML documents do as well."""
    old, new = pair(0), pair(1, BEGIN + timedelta(days=30))
    listed = read(Plaintext(backup(new, old)), "b.json")
    documents = yaml.safe_dump_all([new.secret("n"), old.secret("o")])

    assert [key.fingerprint for key in listed] == [new.fingerprint, old.fingerprint]
    assert [key.since for key in listed] == [new.since, old.since]
    assert [key.fingerprint for key in read(Plaintext(documents), "b.yaml")] == [new.fingerprint, old.fingerprint]


def test_the_newest() -> None:
    """Keys of several files are put together; the one whose certificate is the youngest is the newest."""
    old, new = pair(0), pair(1, BEGIN + timedelta(days=30))
    keys = together([read(Plaintext(old.private), "k"), read(Plaintext(backup(old, new)), "b")])

    assert list(keys) == [new.fingerprint, old.fingerprint]
    assert newest(keys).fingerprint == new.fingerprint


def test_nothing_says_which_is_the_newest() -> None:
    """With keys of unknown age nobody guesses; a single key is the newest in any case."""
    keys = together([read(Plaintext(pair(number).private), "k") for number in range(2)])

    with pytest.raises(KeyUseError, match="nothing says which"):
        newest(keys)
    assert newest(together([read(Plaintext(pair(0).private), "k")])).fingerprint == pair(0).fingerprint


@pytest.mark.parametrize("data", [b"", b"x", pair(0).certificate, b"kind: Secret\n", b"apiVersion: v1\nkind: Pod\n"])
def test_no_key(data: bytes) -> None:
    """What holds no key is refused."""
    with pytest.raises(KeyUseError, match="holds no sealing key"):
        read(Plaintext(data), "k")


def test_keys_that_cannot_be_used() -> None:
    """A passphrase, another algorithm, a Secret without a key: each is said."""
    locked = private_key(0).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"p")
    )
    curve = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

    with pytest.raises(KeyUseError, match="passphrase"):
        read(Plaintext(locked), "k")
    with pytest.raises(KeyUseError, match="no RSA key"):
        read(Plaintext(curve), "k")
    with pytest.raises(KeyUseError, match=r"no tls\.key"):
        read(Plaintext("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {x: z}\n"), "k")


def test_shows_no_key() -> None:
    """The representation of a key names it and nothing else."""
    (found,) = read(Plaintext(pair(0).private), "k.pem")

    assert repr(found) == f"SealingKey({pair(0).fingerprint})"
