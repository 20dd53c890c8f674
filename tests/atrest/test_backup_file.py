"""The file of a backup: what opens it, and that one changed byte anywhere is refused before anything is given out."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.atrest import backup_records
from strongroom.atrest.backup_file import MAGIC, Header, contents, front, seal
from strongroom.atrest.backup_records import SECRETS, End, KeptFile, Manifest, begun, lines, records
from strongroom.atrest.backup_secrets import BackedSecret, of_object
from strongroom.errors import DocumentError, StrongroomError, TamperedError
from strongroom.keys import age
from strongroom.keys.key import Context
from strongroom.model.plaintext import Plaintext

DOCUMENT = Path(__file__).parents[2] / "docs" / "backup-format.md"
KEY = Plaintext(bytes(range(32)))
IDENTITY, RECIPIENT = age.generate()
CONTEXT = Context({"SOPS_AGE_KEY": IDENTITY.reveal().decode()}, lambda _: Plaintext(""), lambda: "")
WRAPPED = age.KIND.wrap(KEY, age.KIND.parse(RECIPIENT)[0], CONTEXT)
MANIFEST = Manifest(kind=SECRETS, tool="test", created="2026-11-21T00:00:00Z")


def _secret(name: str, **data: str) -> BackedSecret:
    values = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
    return of_object({"metadata": {"namespace": "shop", "name": name, "uid": "1"}, "type": "Opaque", "data": values})


FILE = KeptFile("/etc/enc.yaml", Plaintext(b"kind: EncryptionConfiguration\n"))
WHOLE = b"".join(seal(Header(((WRAPPED,),)), KEY, lines(MANIFEST, [FILE], [_secret("a", x="1"), _secret("b", y="2")])))


def _read(data: bytes) -> list[backup_records.Record]:
    """Open a backup as the commands do, and read it to its end."""
    file = io.BytesIO(data)
    found = front(file, "it")
    key = age.KIND.unwrap(found.header.groups[0][0], CONTEXT)
    return list(records(begun(contents(file, found, key, "it"), "it"), "it"))


def test_comes_back() -> None:
    """Files and Secrets come back as they were, with their number and sum at the end."""
    file, first, second, end = _read(WHOLE)
    assert file == FILE
    assert isinstance(first, BackedSecret)
    assert isinstance(end, End)
    assert first.body == _secret("a", x="1").body
    assert second == _secret("b", y="2")
    assert (end.secrets, end.files, end.namespaces) == (2, 1, 1)


@pytest.mark.parametrize("mask", [0x01, 0x20, 0xFF])
def test_one_byte(mask: int) -> None:
    """A backup with one byte changed is refused, wherever that byte is."""
    for at in range(len(WHOLE)):
        changed = bytearray(WHOLE)
        changed[at] ^= mask
        with pytest.raises(StrongroomError):
            _read(bytes(changed))


@given(st.integers(0, len(WHOLE) - 1))
def test_cut_off(size: int) -> None:
    """A backup that is cut off, anywhere, is refused; so is one with something behind it."""
    for wrong in (WHOLE[:size], WHOLE + WHOLE[size:]):
        with pytest.raises(StrongroomError):
            _read(wrong)


def test_as_documented(tmp_path: Path) -> None:
    """The program on docs/backup-format.md, which uses nothing of ours, opens a backup, and no other."""
    (program,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    large = [_secret(f"s{number}", x="y" * 30_000) for number in range(9)]
    whole = b"".join(seal(Header(((WRAPPED,),)), KEY, lines(MANIFEST, [], large)))
    (tmp_path / "b").write_bytes(whole)
    words = [sys.executable, "-c", f"KEY = bytes({list(KEY.reveal())})\n{program}", "b"]
    *before, last = subprocess.run(words, cwd=tmp_path, check=True, capture_output=True).stdout.splitlines(
        keepends=True
    )
    assert json.loads(last)["end"]["sha256"] == hashlib.sha256(b"".join(before)).hexdigest()
    assert [json.loads(line)["secret"]["metadata"]["name"] for line in before[1:]] == [f"s{n}" for n in range(9)]
    (tmp_path / "b").write_bytes(whole[:-1])
    assert subprocess.run(words, cwd=tmp_path, check=False, capture_output=True).returncode == 1


def test_two_are_never_the_same() -> None:
    """The same contents under the same key give another file with another digest: the salt is new."""
    again = b"".join(seal(Header(((WRAPPED,),)), KEY, lines(MANIFEST, [FILE], [_secret("a", x="1")])))
    assert front(io.BytesIO(again), "it").digest != front(io.BytesIO(WHOLE), "it").digest


def test_other_key() -> None:
    """Under the key of another backup the head is not authentic."""
    file = io.BytesIO(WHOLE)
    with pytest.raises(TamperedError):
        next(contents(file, front(file, "it"), Plaintext(bytes(32)), "it"))


@pytest.mark.parametrize(
    "header",
    [
        b"", b"[]", b"{}", b'{"groups":[],"threshold":0}', b'{"groups":[[{"kind":"no"}]],"threshold":0}',
        b'{"groups":[[{}]],"threshold":0}', b'{"groups":[[1]],"threshold":0}', b'{"groups":1,"threshold":0}',
        b'{"groups":[[]],"threshold":9}', b"[" * 100_000, b"\xff",
    ],
)  # fmt: skip
def test_hostile_header(header: bytes) -> None:
    """A head that no backup has is refused in our own words."""
    with pytest.raises(StrongroomError, match="it was changed"):
        front(io.BytesIO(MAGIC + header + b"\n" + b"A" * 43 + b"\n" + bytes(16)), "it")


def test_no_backup() -> None:
    """Another file, and a later format, are not taken for a backup."""
    for data in (b"", b"kind: Secret\n", b"strongroom backup v2\n{}\n"):
        with pytest.raises(DocumentError, match="no backup that this version can read"):
            front(io.BytesIO(data), "it")


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows[:-1], lambda rows: [*rows[:1], *rows[2:]], lambda rows: [rows[0], rows[2], rows[1], rows[3]],
        lambda rows: [*rows, rows[-1]], lambda rows: [rows[0], b"{}\n", *rows[1:]], lambda rows: rows[1:],
        lambda rows: [rows[0], b'{"secret":{"metadata":{}}}\n', *rows[1:]], lambda _: [b"x" * 10], lambda _: [],
        lambda rows: [b"".join([*rows, b"more\n"])], lambda rows: [b"".join([*rows, b"more"])],
        lambda rows: [rows[0], b'{"secret":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", *rows[1:]],
        lambda _: [b'{"manifest":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"],
        lambda rows: [rows[0], b'{"secret":{"metadata":{"namespace":"a","name":"b","managedFields":1}}}\n', *rows[1:]],
    ],
)  # fmt: skip
def test_authentic_and_wrong(change: object) -> None:
    """Lines that are missing, moved or strange are refused even where the encryption is right: a second safeguard."""
    assert callable(change)
    rows = list(lines(MANIFEST, [], [_secret("a"), _secret("b")]))
    with pytest.raises(TamperedError, match="authentic, and yet not what a backup holds"):
        list(records(begun(change(rows), "it"), "it"))


def test_lines_in_any_pieces() -> None:
    """It is no matter where the pieces end in which lines come."""
    whole = b"".join(lines(MANIFEST, [FILE], [_secret("a", x="long" * 50), _secret("b")]))
    for size in (1, 7, 64, len(whole)):
        pieces = (whole[at : at + size] for at in range(0, len(whole), size))
        assert len(list(records(begun(pieces, "it"), "it"))) == 4


def test_twice_is_once() -> None:
    """A Secret that a list brings twice is kept once, as it came first."""
    rows = list(lines(MANIFEST, [], [_secret("a", x="1"), _secret("a", x="2")]))
    assert [type(one) for one in records(begun(rows, "it"), "it")] == [BackedSecret, End]


def test_namespaces_that_are_none() -> None:
    """A manifest whose namespaces would lead a comparison to another path of the API server is refused."""
    for name in ("", "x/pods/y/proxy", "..", "a?b"):
        row = backup_records.first_line(Manifest(kind=SECRETS, tool="", created="", namespaces=(name,)))
        with pytest.raises(TamperedError, match="not what a backup holds"):
            begun([row], "it")


def test_later_format() -> None:
    """A manifest of a later format or another kind is refused by name."""
    for change in ({"format": 2}, {"kind": "configmaps"}):
        body = {"manifest": {"format": 1, "kind": "secrets", "tool": "strongroom 9", "created": "", **change}}
        with pytest.raises(DocumentError, match="made by a later version"):
            begun([json.dumps(body).encode() + b"\n"], "it")
