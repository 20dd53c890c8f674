"""Backups of a whole etcd: real etcd takes back what was streamed, and nothing less than all of it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.files.repository import Repository
from tests.sources import etcd_reading
from tests.support.controlplane.etcd import Etcd
from tests.support.controlplane.pki import Authority

from strongroom.atrest.backup_snapshot import checked, snapshot, where
from strongroom.errors import SourceError, TamperedError, UsageError
from strongroom.sources.etcd_options import EtcdOptions

guarded = etcd_reading.guarded
VALUE = b"hunter2-that-is-in-no-file-in-plain"


@pytest.fixture
def etcd(program: Callable[[str], Path], tmp_path: Path) -> Iterator[Etcd]:
    """An etcd with 300 keys."""
    found = Etcd(program("etcd"), tmp_path / "etcd")
    try:
        found.run()
        for number in range(300):
            found.store.put(f"/registry/secrets/shop/s{number}", VALUE + os.urandom(1000))
        yield found
    finally:
        found.close()


def test_comes_back(etcd: Etcd, program: Callable[[str], Path], tmp_path: Path) -> None:
    """What comes out of the backup becomes a data folder with etcdutl, on which etcd has every key and value."""
    repository = Repository(tmp_path)
    strongroom = repository.strongroom
    done = strongroom("at-rest", "backup", "--etcd", etcd.url, "--age", repository.recipient, "-o", "e.backup")
    assert "backed up an etcd snapshot" in done.err
    assert VALUE not in (repository.root / "e.backup").read_bytes()
    assert b"is whole: an etcd snapshot" in strongroom("at-rest", "backup", "verify", "e.backup").out
    strongroom("at-rest", "restore", "e.backup", "-o", "snapshot.db")
    file = repository.root / "snapshot.db"
    assert file.stat().st_mode & 0o777 == 0o600
    wanted = dict(etcd.store.prefix("/registry/"))
    again = Etcd(program("etcd"), tmp_path / "again")
    peers = "http://127.0.0.1:1"  # a member alone never asks it
    words = [str(program("etcdutl")), "snapshot", "restore", str(file), "--name=test"]
    more = [
        f"--data-dir={tmp_path / 'again' / 'data'}",
        f"--initial-cluster=test={peers}",
        f"--initial-advertise-peer-urls={peers}",
    ]
    subprocess.run([*words, *more], check=True, capture_output=True)
    try:
        again.run()
        assert dict(again.store.prefix("/registry/")) == wanted
    finally:
        again.close()


def test_broken_stream(etcd: Etcd) -> None:
    """A stream that ends early, or says something else, leaves no backup."""
    whole = b"".join(snapshot(etcd.url, EtcdOptions()))
    assert hashlib.sha256(whole[:-32]).digest() == whole[-32:]
    etcd.kill()
    with pytest.raises(SourceError, match="cannot be reached"):
        list(snapshot(etcd.url, EtcdOptions()))
    for wrong in (whole[:-1], whole[512:], whole[:-32], b"", whole[:600] + b"x" + whole[601:]):
        with pytest.raises(TamperedError, match="no whole snapshot"):
            list(checked([wrong], "it"))
    with pytest.raises(TamperedError):
        list(checked((whole[at : at + 1000] for at in range(0, len(whole) - 1000, 1000)), "it"))
    assert b"".join(checked((whole[at : at + 7] for at in range(0, len(whole), 7)), "it")) == whole


class _Strange(BaseHTTPRequestHandler):
    status, body = 200, b""

    def do_POST(self) -> None:
        """Answer as a test says."""
        if self.status:
            self.send_response(self.status)
            self.end_headers()
            self.wfile.write(self.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"<html>", "something else than etcd"),
        (200, b'{"error":{"code":2}}\n', "with an error"),
        (200, b'{"result":{"blob":"!"}}', "something else than etcd"),
        (200, b"", "no whole snapshot"),
        (403, b"", "refuses a snapshot: HTTP status 403"),
        (0, b"", "cannot be reached"),
    ],
)
def test_strange_answers(status: int, body: bytes, said: str) -> None:
    """What is no stream of etcd is told in our own words."""
    handler = type("Handler", (_Strange,), {"status": status, "body": body})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with pytest.raises((SourceError, TamperedError), match=said):
            list(snapshot(f"http://127.0.0.1:{server.server_address[1]}", EtcdOptions()))
        thread.join()


def test_where() -> None:
    """A URL may be named as a source, and its path, user and password go no further."""
    assert where("etcd:https://ann:pw@etcd.example:9/x?y") == "https://etcd.example:9"
    assert where("https://[::1]") == "https://[::1]:2379"
    for wrong in ("etcd:file.db", "ftp://x", "http://", "https://x:99999"):
        with pytest.raises(UsageError, match="is no URL"):
            where(wrong)


def test_client_certificates(guarded: tuple[str, Authority, Path]) -> None:
    """An etcd that asks for certificates gives a snapshot to who has them; else the error says what to give."""
    url, _, folder = guarded
    good = EtcdOptions(str(folder / "ca.crt"), str(folder / "client.crt"), str(folder / "client.key"))
    assert b"".join(checked(snapshot(url, good), "it"))
    for wrong in (EtcdOptions(), EtcdOptions(good.cacert), EtcdOptions(good.cacert, good.cert, str(folder / "no"))):
        with pytest.raises(SourceError) as raised:
            list(snapshot(url, wrong))
        assert "--etcd-cacert" in raised.value.hint or "no such file" in raised.value.hint
