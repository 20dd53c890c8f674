"""Reads an etcd as the survey does, also one that speaks TLS and asks for a certificate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.controlplane.pki import Authority
from tests.support.controlplane.process import Port, Process

from strongroom.errors import SourceError
from strongroom.model.controlplane import EtcdContents
from strongroom.sources.etcd import read_etcd
from strongroom.sources.etcd_options import EtcdOptions
from strongroom.sources.reading import Reading


def read(source: str, options: EtcdOptions | None = None) -> EtcdContents:
    """Return what an etcd, or a snapshot of one, is read to hold."""
    reading = Reading()
    read_etcd(reading, source, options or EtcdOptions(), lambda _: None)
    (contents,) = reading.stores
    return contents


@pytest.fixture
def guarded(control_plane_programs: dict[str, Path], tmp_path: Path) -> Iterator[tuple[str, Authority, Path]]:
    """An etcd that speaks TLS and lets in clients of its authority only: its URL, the authority, and a folder of files."""
    authority = Authority.new("etcd-ca")
    server = authority.server("etcd", ["127.0.0.1"])
    client = authority.user("reader")
    for name, data in (
        ("ca.crt", authority.credential.certificate),
        ("server.crt", server.certificate),
        ("server.key", server.key),
        ("client.crt", client.certificate),
        ("client.key", client.key),
        ("other.crt", Authority.new("other").credential.certificate),
    ):
        (tmp_path / name).write_bytes(data)
    port, peers = Port(), Port()
    url, peer = f"https://127.0.0.1:{port.number}", f"http://127.0.0.1:{peers.number}"
    process = Process("etcd", tmp_path / "etcd.log")
    process.start(
        [
            str(control_plane_programs["etcd"]),
            "--name=test",
            f"--data-dir={tmp_path / 'data'}",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=test={peer}",
            "--socket-reuse-port=true",
            f"--cert-file={tmp_path / 'server.crt'}",
            f"--key-file={tmp_path / 'server.key'}",
            f"--trusted-ca-file={tmp_path / 'ca.crt'}",
            "--client-cert-auth=true",
            # etcd's own gateway is a client of it, too.
            f"--client-cert-file={tmp_path / 'client.crt'}",
            f"--client-key-file={tmp_path / 'client.key'}",
            "--unsafe-no-fsync=true",
        ]
    )
    process.wait_until(lambda: _answers(url, credentials(tmp_path)), "healthy")
    yield url, authority, tmp_path
    process.kill()
    port.close()
    peers.close()


def credentials(folder: Path) -> EtcdOptions:
    """Return the files of a client that a guarded etcd lets in."""
    return EtcdOptions(str(folder / "ca.crt"), str(folder / "client.crt"), str(folder / "client.key"))


def _answers(url: str, options: EtcdOptions) -> bool:
    try:
        read(f"etcd:{url}", options)
    except SourceError:
        return False
    return True
