"""Key-encryption keys in a file of this machine."""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.keys.contexts import NOW
from tests.keys.kek.cases import VALUE, soon

from strongroom.errors import KeyUseError, OutputError, TamperedError, UsageError
from strongroom.keys.kek import Version, bound_to
from strongroom.keys.kek.local_file import LocalFile, create, parse


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with one version."""
    create(tmp_path / "kek", NOW)
    return tmp_path / "kek"


def test_a_file_is_for_its_owner_alone(path: Path) -> None:
    """What is made, and what is made of it, has mode 0600, also where the umask would leave more."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    create(path, NOW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o666])
def test_a_file_that_others_may_use_is_refused(path: Path, mode: int) -> None:
    """Any right of the group or of everybody makes the key unusable, also when it is given later, and for rotation."""
    key = LocalFile(path)
    key.current(soon())
    path.chmod(mode)
    acts: tuple[Callable[[], object], ...] = (
        lambda: key.current(soon()),
        lambda: LocalFile(path).current(soon()),
        lambda: create(path, NOW),
    )
    for act in acts:
        with pytest.raises(KeyUseError) as caught:
            act()
        assert caught.value.hint == f"chmod 600 {path}"


def test_what_no_file_of_keys_is_is_refused(path: Path, tmp_path: Path) -> None:
    """A file that was cut off anywhere, another file, a folder, a pipe and nothing at all are errors of their own."""
    text = path.read_bytes()
    for end in range(len(text) - 2):
        path.write_bytes(text[:end])
        with pytest.raises(KeyUseError):
            LocalFile(path).current(soon())
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    for wrong in (tmp_path, pipe, tmp_path / "nowhere"):
        with pytest.raises(KeyUseError):
            LocalFile(wrong).current(soon())
    good = json.loads(text)
    others: list[object] = [
        {**good, "keys": []},
        {**good, "strongroom": "x"},
        {**good, "keys": [{"key": "AAAA"}]},
        [],
        5,
    ]
    for broken in others:
        path.write_text(json.dumps(broken))
        with pytest.raises(KeyUseError):
            LocalFile(path).current(soon())


def test_a_moved_file_holds_the_same_versions(path: Path, tmp_path: Path) -> None:
    """Ids follow from the keys, not from where the file lies, and links are followed."""
    key = LocalFile(path)
    ciphertext, version = key.encrypt(VALUE, soon())
    path.rename(tmp_path / "moved")
    (tmp_path / "link").symlink_to(tmp_path / "moved")
    moved = LocalFile(tmp_path / "link")
    assert moved.current(soon()) == version
    assert moved.decrypt(ciphertext, version.id, soon()) == VALUE


def test_a_version_that_came_from_elsewhere_is_found(path: Path, tmp_path: Path) -> None:
    """A process that has read the file already decrypts what a version added since encrypted."""
    key = LocalFile(path)
    old = key.current(soon())
    added = create(path, NOW)
    ciphertext, version = LocalFile(path).encrypt(VALUE, soon())
    assert version == added
    assert key.owns(added.id)
    assert key.encrypt(VALUE, soon())[1] in (old, added)
    assert key.decrypt(ciphertext, added.id, soon()) == VALUE
    assert key.current(soon()) == added


def test_what_is_in_memory_outlives_the_file(path: Path) -> None:
    """Without its file a key says that something is wrong, and still reads what it could read."""
    key = LocalFile(path)
    ciphertext, version = key.encrypt(VALUE, soon())
    path.unlink()
    with pytest.raises(KeyUseError):
        key.current(soon())
    assert key.decrypt(ciphertext, version.id, soon()) == VALUE
    with pytest.raises(KeyUseError):
        key.decrypt(ciphertext, "local-file:" + "0" * 32, soon())


def test_versions_made_at_once_are_all_kept(path: Path) -> None:
    """Rotations that run into each other lose no version."""
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: create(path, NOW), range(16)))
    key = LocalFile(path)
    assert len(set(made)) == 16
    assert all(key.owns(version.id) for version in made)
    assert key.current(soon()) in made


def test_every_byte_of_a_ciphertext_counts(path: Path) -> None:
    """The nonce, the text and the tag: each bit that changes is noticed."""
    key = LocalFile(path)
    ciphertext, version = key.encrypt(VALUE, soon())
    for place in range(len(ciphertext)):
        wrong = bytearray(ciphertext)
        wrong[place] ^= 0x80
        with pytest.raises(TamperedError):
            key.decrypt(bytes(wrong), version.id, soon())


def test_a_ciphertext_is_bound_to_its_purpose_and_version(path: Path) -> None:
    """What the same key encrypts with other additional data, or none, is refused."""
    key = LocalFile(path)
    version = key.current(soon())
    cipher = AESGCM(base64.b64decode(json.loads(path.read_text())["keys"][0]["key"]))
    nonce = bytes(12)
    for bound, good in ((None, False), (version.id.encode(), False), (bound_to(version.id), True)):
        ciphertext = nonce + cipher.encrypt(nonce, VALUE.reveal(), bound)
        if good:
            assert key.decrypt(ciphertext, version.id, soon()) == VALUE
            continue
        with pytest.raises(TamperedError):
            key.decrypt(ciphertext, version.id, soon())


def test_the_id_of_a_version_shows_nothing_of_the_key(path: Path) -> None:
    """The id is a keyed digest: no part of the file stands in it."""
    key = json.loads(path.read_text())["keys"][0]["key"]
    (digest,) = LocalFile(path).current(soon()).id.removeprefix("local-file:").split()
    assert len(digest) == 32
    assert digest not in key
    assert key[:8] not in digest


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("local-file:/etc/kek", "/etc/kek"),
        ("local-file:///etc/kek", "/etc/kek"),
        ("local-file:/etc/my%20kek", "/etc/my kek"),
    ],
)
def test_a_uri_names_a_path(uri: str, path: str) -> None:
    """The forms of a file's URI mean what they mean for ``file:`` (RFC 8089)."""
    assert parse(uri, {}).name == f"local-file:{path}"


@pytest.mark.parametrize(
    "uri", ["local-file:", "local-file:kek", "local-file:./kek", "local-file:/a%00b", "local-file:/a\nb"]
)
def test_a_uri_that_names_no_path_is_refused(uri: str) -> None:
    """A relative path would be another file in another folder."""
    with pytest.raises(UsageError):
        parse(uri, {})


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """Whoever mistypes a path gets an error, not a key where nobody looks."""
    with pytest.raises(OutputError):
        create(tmp_path / "nowhere" / "kek", NOW)


def test_closing_forgets_the_keys(path: Path) -> None:
    """A closed key holds nothing; it could be read again from its file only."""
    key = LocalFile(path)
    version = key.current(soon())
    key.close()
    path.unlink()
    assert isinstance(version, Version)
    assert not key.owns(version.id)
