"""``strongroom secret list``, ``get`` and ``set`` on encrypted files."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

import pytest
import yaml
from tests.files.repository import Repository

VALUE = "hunter2-that-no-message-repeats"
SECRET = f"""\
# what it is for
apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: shop
  labels:
    strongroom.dev/version: "9"
  annotations:
    strongroom.dev/rotated-at: "2020-01-01T00:00:00Z"
stringData:
  password: {VALUE}  # a note
  user: ann
data:
  blob: AP8=
"""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A folder with a key, a rule and an encrypted Secret."""
    found = Repository(tmp_path)
    found.encrypt("db.yaml", SECRET)
    return found


def test_get_shows_no_value(repository: Repository) -> None:
    """Without --reveal there is size and fingerprint; equal values have equal fingerprints."""
    done = repository.strongroom("secret", "get", "db.yaml", "password")
    assert done.out.decode().startswith(f"password: {len(VALUE)} bytes, fp:")
    assert VALUE not in done.out.decode() + done.err
    assert repository.strongroom("secret", "get", "db.yaml", "password").out == done.out


def test_get_reveals(repository: Repository, tmp_path: Path) -> None:
    """With --reveal there is the value and nothing else, bytes too; in a file only its owner can read it."""
    assert repository.strongroom("secret", "get", "db.yaml", "password", "--reveal").out == VALUE.encode()
    assert repository.strongroom("secret", "get", "db.yaml", "blob", "--reveal").out == b"\x00\xff"
    repository.strongroom("secret", "get", "db.yaml", "blob", "-o", str(tmp_path / "out"))
    assert (tmp_path / "out").read_bytes() == b"\x00\xff"
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600


def test_get_of_several(repository: Repository) -> None:
    """Of several Secrets in a file the name says which; a key that is not there is an error with those that are."""
    repository.encrypt("two.yaml", f"{SECRET}---\n{SECRET.replace('name: db', 'name: x').replace('ann', 'bob')}")
    done = repository.strongroom("secret", "get", "two.yaml", "user", check=False)
    assert (done.code, "--name says which: db, x" in done.err) == (2, True)
    assert repository.strongroom("secret", "get", "two.yaml", "user", "--name", "x", "--reveal").out == b"bob"
    done = repository.strongroom("secret", "get", "db.yaml", "nope", check=False)
    assert (done.code, "blob, password, user" in done.err) == (2, True)


def test_list(repository: Repository) -> None:
    """A folder's encrypted Secrets are listed with what can be known without a value; others are passed over."""
    repository.write("plain.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: plain}\n")
    repository.encrypt("sub/values.yaml", "data: x\n")
    repository.encrypt("sub/other.yaml", SECRET.replace("shop", "pay"))
    done = repository.strongroom("secret", "list", "--format", "json")
    rows = json.loads(done.out)
    assert [(row["source"], row["namespace"], row["name"]) for row in rows] == [
        ("db.yaml", "shop", "db"),
        ("sub/other.yaml", "pay", "db"),
    ]
    keys = [[(entry["key"], entry["bytes"]) for entry in row["keys"]] for row in rows]
    assert keys == [[("blob", 2), ("password", len(VALUE)), ("user", 3)]] * 2
    assert rows[0]["keys"] == rows[1]["keys"]
    assert len({entry["fingerprint"] for entry in rows[0]["keys"]}) == 3
    text = repository.strongroom("secret", "list", "db.yaml").out.decode()
    assert text.startswith("shop/db  Opaque  db.yaml\n")
    assert VALUE not in text + done.out.decode()


def test_list_goes_on(repository: Repository) -> None:
    """What cannot be opened in a folder is told by its name, the rest is listed, and the exit code tells of it."""
    path = repository.encrypt("changed.yaml", SECRET)
    path.write_text(path.read_text().replace("shop", "pay"))
    repository.write("template.yaml", "{{ if x }}\nnot: [yaml\n")
    repository.write("broken.yaml", "data: ENC[AES256_GCM,\nx: [\n")
    done = repository.strongroom("secret", "list", check=False)
    assert done.code == 2
    assert done.out.decode().startswith("shop/db  Opaque  db.yaml\n")
    assert [line.split(":")[1].strip() for line in done.err.splitlines()] == ["broken.yaml", "changed.yaml"]


@pytest.mark.parametrize("name", ["plain.yaml", "values.yaml", "nowhere.yaml", "broken.yaml"])
def test_what_is_no_encrypted_secret(name: str, repository: Repository) -> None:
    """A file that is named and is no encrypted Secret is an error of every command."""
    repository.write("plain.yaml", SECRET)
    repository.encrypt("values.yaml", "data: x\n")
    repository.write("broken.yaml", "a: [\n")
    for words in (("list", name), ("get", name, "password"), ("set", name, "password", "--generate", "hex")):
        done = repository.strongroom("secret", *words, check=False)
        assert (done.code, done.out) == (2, b"")
        assert VALUE not in done.err


def test_set_changes_little(repository: Repository) -> None:
    """One value, the version and the time change, and the MAC; every other line stays as it was."""
    before = (repository.root / "db.yaml").read_text().splitlines()
    done = repository.strongroom("secret", "set", "db.yaml", "password", "--from-stdin", stdin=b"new: value")
    assert done.out == b""
    after = (repository.root / "db.yaml").read_text().splitlines()
    changed = [line.split(":")[0].strip() for line, old in zip(after, before, strict=True) if line != old]
    marks = ["strongroom.dev/version", "strongroom.dev/rotated-at"]
    # The file may have been encrypted within the same second.
    assert [name for name in changed if name != "lastmodified"] == [*marks, "password", "mac"]
    plain = yaml.safe_load(repository.sops("decrypt", "db.yaml"))
    assert plain["stringData"] == {"password": "new: value", "user": "ann"}
    assert plain["metadata"]["labels"] == {"strongroom.dev/version": "10"}
    assert plain["metadata"]["annotations"]["strongroom.dev/rotated-at"] > "2026"


def test_set_keeps_the_place(repository: Repository) -> None:
    """A value goes where its key is: base64 under data, text under stringData; a new key goes under data."""
    for key, value in (("blob", b"\x01\xfe"), ("new", b"text")):
        repository.strongroom("secret", "set", "db.yaml", key, "--from-stdin", stdin=value)
    plain = yaml.safe_load(repository.sops("decrypt", "db.yaml"))
    assert {key: base64.b64decode(text) for key, text in plain["data"].items()} == {"blob": b"\x01\xfe", "new": b"text"}
    assert plain["stringData"] == {"password": VALUE, "user": "ann"}
    done = repository.strongroom("secret", "set", "db.yaml", "user", "--from-stdin", stdin=b"\xff", check=False)
    assert (done.code, "is no text" in done.err) == (2, True)


def test_set_from_file_and_generator(repository: Repository) -> None:
    """A value comes from a file or a generator; both halves of a pair are set."""
    repository.write("value", b"\x00file")
    repository.strongroom("secret", "set", "db.yaml", "blob", "--from-file", "value")
    repository.strongroom("secret", "set", "db.yaml", "key", "--generate", "ssh-ed25519")
    plain = yaml.safe_load(repository.sops("decrypt", "db.yaml"))
    assert set(plain["data"]) == {"blob", "key", "key.pub"}
    assert base64.b64decode(plain["data"]["blob"]) == b"\x00file"
    assert plain["metadata"]["labels"] == {"strongroom.dev/version": "11"}


@pytest.mark.parametrize(
    "words",
    [
        ("db.yaml", "a/b", "--generate", "hex"),
        ("db.yaml", "a", "--generate", "nothing"),
        ("db.yaml", "a", "--generate", "hex", "--from-stdin"),
        ("db.yaml", "a", "--generate", "hex", "--dry-run"),
        ("db.yaml", "a", "--from-file", "nowhere"),
        ("two.yaml", "a", "--generate", "hex"),
    ],
)
def test_set_refused(words: tuple[str, ...], repository: Repository) -> None:
    """What cannot be set leaves the file as it was."""
    repository.encrypt("two.yaml", f"{SECRET}---\n{SECRET}")
    before = (repository.root / words[0]).read_bytes()
    done = repository.strongroom("secret", "set", *words, check=False)
    assert (done.code, done.out) == (2, b"")
    assert (repository.root / words[0]).read_bytes() == before


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("data: text", "data"),
        ("data: [a, b]", "data"),
        ("stringData: 5", "stringData"),
        ("metadata: text", "metadata"),
        ("metadata: {name: a, labels: [x]}", "labels"),
    ],
)
def test_set_overwrites_nothing_that_is_no_mapping(part: str, name: str, repository: Repository) -> None:
    """A part that is none is named and stays: a new key in it would be in its place."""
    file = repository.encrypt("odd.yaml", f"apiVersion: v1\nkind: Secret\n{part}\n")
    before = file.read_bytes()
    done = repository.strongroom("secret", "set", "odd.yaml", "k", "--from-stdin", stdin=b"v", check=False)
    assert (done.code, f"{name} of the Secret in odd.yaml is no mapping" in done.err) == (2, True)
    assert file.read_bytes() == before


def test_without_the_key(repository: Repository) -> None:
    """Who has no key sees nothing and changes nothing."""
    (repository.root.parent / "age.key").unlink()
    before = (repository.root / "db.yaml").read_bytes()
    for words in (("list",), ("get", "db.yaml", "user", "--reveal"), ("set", "db.yaml", "user", "--generate", "hex")):
        done = repository.strongroom("secret", *words, check=False)
        assert (done.code, done.out) == (2, b"")
    assert (repository.root / "db.yaml").read_bytes() == before
