"""``strongroom at-rest verify`` as a program: what it prints, what it writes, how it exits."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.support.snapshots import Revision, snapshot

from strongroom.cli import main

_NEW, _OLD = os.urandom(32), os.urandom(32)


def _value(key: bytes, name: str, where: str) -> bytes:
    nonce = os.urandom(12)
    return f"k8s:enc:aesgcm:v1:{name}:".encode() + nonce + AESGCM(key).encrypt(nonce, b"k8s\0canary", where.encode())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration with two keys, and snapshots: all is well, something is under the older key, or in plain text."""
    keys = [{"name": n, "secret": base64.b64encode(k).decode()} for n, k in (("new", _NEW), ("old", _OLD))]
    rule = {"resources": ["secrets"], "providers": [{"aesgcm": {"keys": keys}}, {"identity": {}}]}
    kinds = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration"}
    (tmp_path / "enc.json").write_text(json.dumps({**kinds, "resources": [rule]}))
    one, two = "/registry/secrets/shop/one", "/registry/secrets/shop/two"
    well = [Revision(one, _value(_NEW, "new", one))]
    snapshot(tmp_path / "well.db", well)
    snapshot(tmp_path / "older.db", [*well, Revision(two, _value(_OLD, "old", two))])
    snapshot(tmp_path / "plain.db", [*well, Revision(two, b"k8s\0canary")])
    snapshot(tmp_path / "broken.db", [*well, Revision(two, _value(_NEW, "new", one))])
    return tmp_path


@pytest.mark.parametrize(
    ("name", "flags", "code"),
    [
        ("well.db", (), 0),
        ("older.db", (), 1),
        ("older.db", ("--fail-on", "medium"), 0),
        ("plain.db", (), 1),
        ("plain.db", ("--fail-on", "critical"), 0),
        ("broken.db", ("--fail-on", "critical"), 1),
    ],
)
def test_exit_codes(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, flags: tuple[str, ...], code: int
) -> None:
    """0 where nothing is wrong or nothing is bad enough, 1 where something is; values never come out."""
    words = ("at-rest", "verify", f"etcd:{folder / name}", "--config", str(folder / "enc.json"), "-v", *flags)

    assert main(words) == code
    assert "canary" not in "".join(capsys.readouterr())


def test_status_never_fails(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status tells the same of the bytes, names a snapshot without ``etcd:``, and exits with 0."""
    assert main(("at-rest", "status", str(folder / "plain.db"), "--config", str(folder / "enc.json"))) == 0
    shown = capsys.readouterr().out
    assert "in plain text: shop/two" in shown
    assert "aesgcm new  current" in shown


def test_reports_in_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files get the report in the form that their names ask for, and a quiet run prints nothing."""
    files = ("-o", str(folder / "out.json"), "-o", str(folder / "out.txt"), "-q")

    assert main(("at-rest", "verify", str(folder / "broken.db"), "--config", str(folder / "enc.json"), *files)) == 1

    assert "".join(capsys.readouterr()) == ""
    found = json.loads((folder / "out.json").read_text())
    assert found["problems"][0]["id"] == "undecryptable"
    assert found["problems"][0]["objects"] == ["shop/two"]
    assert found["proved"] == [{"resource": "secrets", "how": "decrypted", "number": 1, "of": 2}]
    assert "1 value of secrets cannot be decrypted" in (folder / "out.txt").read_text()
