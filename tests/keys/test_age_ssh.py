"""SSH keys as identities: plain, protected by a passphrase, in the old and the new format."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from tests.keys.contexts import DATA_KEY, Person, context

from strongroom.errors import KeyUseError
from strongroom.keys import age

KINDS = [
    ("ed25519", ()),
    ("rsa", ("-b", "2048")),
    ("rsa", ("-b", "2048", "-m", "PEM")),
    ("rsa", ("-b", "2048", "-m", "PKCS8")),
]


def _made(path: Path, kind: str, options: tuple[str, ...], passphrase: str = "") -> str:
    words = ("ssh-keygen", "-q", "-t", kind, *options, "-N", passphrase, "-C", "ann@host", "-f", str(path))
    subprocess.run(words, check=True)
    return path.with_name(path.name + ".pub").read_text().strip()


@pytest.mark.parametrize(("kind", "options"), KINDS)
@pytest.mark.parametrize("passphrase", ["", "correct horse"])
def test_a_key_opens_what_is_wrapped_for_it(
    tmp_path: Path, kind: str, options: tuple[str, ...], passphrase: str
) -> None:
    """Its passphrase is asked for where it has one, once for all files."""
    public = _made(tmp_path / "key", kind, options, passphrase)
    person = Person(passphrase)
    holder = context({"SOPS_AGE_SSH_PRIVATE_KEY_FILE": str(tmp_path / "key")}, person)
    wrapped = age.wrap(DATA_KEY, age.parse(public)[0], holder)
    for _ in range(2):
        assert age.unwrap(wrapped, holder) == DATA_KEY
    assert person.asked == ([str(tmp_path / "key")] if passphrase else [])


def test_what_age_wraps_for_an_ssh_key_opens(tmp_path: Path) -> None:
    """The real age wraps for the same public key."""
    _made(tmp_path / "key", "ed25519", (), "correct horse")
    words = ("age", "-a", "-R", str(tmp_path / "key.pub"))
    theirs = subprocess.run(words, input=DATA_KEY.reveal(), capture_output=True, check=True).stdout.decode()
    holder = context({"SOPS_AGE_SSH_PRIVATE_KEY_FILE": str(tmp_path / "key")}, Person("correct horse"))
    wrapped = age.wrap(DATA_KEY, age.parse(age.generate()[1])[0], holder)
    assert age.unwrap(wrapped._replace(enc=theirs), holder) == DATA_KEY


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_nobody_is_asked_for_the_passphrase_of_a_key_that_cannot_help(
    tmp_path: Path, kind: str, options: tuple[str, ...]
) -> None:
    """The public part says that the file is for somebody else."""
    _made(tmp_path / "key", kind, options, "correct horse")
    person = Person("correct horse")
    holder = context({"SOPS_AGE_SSH_PRIVATE_KEY_FILE": str(tmp_path / "key")}, person)
    other = _made(tmp_path / "other", "ed25519", ())
    for public in (other, age.generate()[1]):
        with pytest.raises(KeyUseError):
            age.unwrap(age.wrap(DATA_KEY, age.parse(public)[0], holder), holder)
    assert person.asked == []


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_a_wrong_passphrase(tmp_path: Path, kind: str, options: tuple[str, ...]) -> None:
    """It is an error that names the key, and nobody is asked again."""
    public = _made(tmp_path / "key", kind, options, "correct horse")
    person = Person("wrong horse")
    holder = context({"SOPS_AGE_SSH_PRIVATE_KEY_FILE": str(tmp_path / "key")}, person)
    wrapped = age.wrap(DATA_KEY, age.parse(public)[0], holder)
    for _ in range(2):
        with pytest.raises(KeyUseError) as caught:
            age.unwrap(wrapped, holder)
        assert f"{tmp_path}/key could not be unlocked" in caught.value.message
        assert "horse" not in caught.value.message
    assert len(person.asked) == 1


def test_an_old_protected_key_without_its_public_part(tmp_path: Path) -> None:
    """A PEM key does not say in clear whose it is; without the .pub file the error says so."""
    public = _made(tmp_path / "key", "rsa", ("-b", "2048", "-m", "PEM"), "correct horse")
    (tmp_path / "key.pub").unlink()
    holder = context({"SOPS_AGE_SSH_PRIVATE_KEY_FILE": str(tmp_path / "key")}, Person("correct horse"))
    with pytest.raises(KeyUseError, match="its public key is not in"):
        age.unwrap(age.wrap(DATA_KEY, age.parse(public)[0], holder), holder)


@pytest.mark.parametrize("text", ["", "hunter2", "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n-----END OPENSSH"])
def test_a_file_that_is_no_key(tmp_path: Path, text: str) -> None:
    """It is named, and its text is not shown."""
    (tmp_path / "key").write_text(text)
    holder = context({"SOPS_AGE_SSH_PRIVATE_KEY_FILE": str(tmp_path / "key")}, Person("x"))
    with pytest.raises(KeyUseError) as caught:
        age.unwrap(age.wrap(DATA_KEY, age.parse(age.generate()[1])[0], holder), holder)
    assert f"{tmp_path}/key is no SSH key that age can use" in caught.value.message
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize("passphrase", ["", "correct horse"])
def test_a_key_of_another_program(tmp_path: Path, passphrase: str) -> None:
    """An ed25519 key in PKCS #8, as OpenSSL writes it, is the same key."""
    private = ed25519.Ed25519PrivateKey.generate()
    protection = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    (tmp_path / "key").write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection))
    public = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    (tmp_path / "key.pub").write_text(public)
    holder = context({"SOPS_AGE_SSH_PRIVATE_KEY_FILE": str(tmp_path / "key")}, Person(passphrase))
    assert age.unwrap(age.wrap(DATA_KEY, age.parse(public)[0], holder), holder) == DATA_KEY


def test_an_ecdsa_key_is_refused(tmp_path: Path) -> None:
    """Age has no such identities; the hint says what it has."""
    _made(tmp_path / "key", "ecdsa", ())
    holder = context({"SOPS_AGE_SSH_PRIVATE_KEY_FILE": str(tmp_path / "key")})
    with pytest.raises(KeyUseError, match="is no SSH key that age can use"):
        age.unwrap(age.wrap(DATA_KEY, age.parse(age.generate()[1])[0], holder), holder)


def test_a_key_from_a_command(tmp_path: Path) -> None:
    """SOPS_AGE_SSH_PRIVATE_KEY_CMD prints a private key."""
    public = _made(tmp_path / "key", "ed25519", ())
    holder = context({"SOPS_AGE_SSH_PRIVATE_KEY_CMD": f"cat {tmp_path}/key", "PATH": "/usr/bin:/bin"})
    assert age.unwrap(age.wrap(DATA_KEY, age.parse(public)[0], holder), holder) == DATA_KEY
