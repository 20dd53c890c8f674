"""An etcd or a snapshot that cannot be read: damaged, guarded, or something else; each is a clear error."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from tests.sources import etcd_reading
from tests.sources.etcd_reading import credentials, read
from tests.support.controlplane.apiserver import Options
from tests.support.controlplane.etcd import Etcd
from tests.support.controlplane.fixtures import StartCluster
from tests.support.controlplane.pki import Authority

from strongroom.errors import SourceError, UsageError
from strongroom.sources.etcd_options import EtcdOptions

guarded = etcd_reading.guarded


@pytest.mark.parametrize(
    "damage", [lambda d: d[:9000], lambda d: d[:4096] + os.urandom(len(d) - 4096)], ids=["cut", "noise"]
)
def test_a_damaged_snapshot_is_refused(
    start_cluster: StartCluster, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    """A snapshot that was cut or overwritten is an error that names the file."""
    cluster = start_cluster(Options())
    snapshot = tmp_path / "snapshot.db"
    cluster.etcd.store.snapshot(snapshot)
    snapshot.write_bytes(damage(snapshot.read_bytes()))

    with pytest.raises(SourceError, match=r"snapshot\.db"):
        read(f"etcd:{snapshot}")


def test_client_certificates(guarded: tuple[str, Authority, Path]) -> None:
    """An etcd that asks for a certificate is read with one; without it, or with another CA, the error says what to give."""
    url, _, folder = guarded
    good = credentials(folder)

    assert read(f"etcd:{url}", good).counts == ()
    with pytest.raises(SourceError) as no_certificate:
        read(f"etcd:{url}", EtcdOptions(good.cacert))
    with pytest.raises(SourceError, match=r"self-signed|unable to get local issuer|verify failed") as other_ca:
        read(f"etcd:{url}", EtcdOptions(str(folder / "other.crt"), good.cert, good.key))
    with pytest.raises(SourceError, match=r"nowhere\.crt cannot be used"):
        read(f"etcd:{url}", EtcdOptions(good.cacert, str(folder / "nowhere.crt"), good.key))

    assert "--etcd-cert" in no_certificate.value.hint
    assert "--etcd-cacert" in other_ca.value.hint


def test_options_are_those_of_etcdctl() -> None:
    """Where no option is given, the variables of etcdctl name the files."""
    environment = {"ETCDCTL_CACERT": "ca", "ETCDCTL_CERT": "cert", "ETCDCTL_KEY": "key"}

    assert EtcdOptions.given(None, None, None, environment) == EtcdOptions("ca", "cert", "key")
    assert EtcdOptions.given("own", None, None, environment).cacert == "own"


def test_hostile_snapshots(control_plane_programs: dict[str, Path], tmp_path: Path) -> None:
    """Whatever bytes of a snapshot are changed, it is read or refused, and nothing else happens."""
    etcd = Etcd(control_plane_programs["etcd"], tmp_path / "etcd")
    etcd.run()
    for number in range(40):
        etcd.store.put(f"/registry/secrets/shop/s{number}", b"k8s:enc:secretbox:v1:k:" + bytes(200))
    path = tmp_path / "snapshot.db"
    etcd.store.snapshot(path)
    etcd.close()
    whole = path.read_bytes()
    choose = random.Random(7)  # noqa: S311 - the same damage each time
    used = [at for at in range(len(whole)) if whole[at]]
    refusals: list[str] = []
    for _ in range(400):
        changed = bytearray(whole)
        for at in choose.sample(used, choose.randint(1, 40)):
            changed[at] = choose.choice((0, 1, 2, 0x7F, 0xFF, choose.randrange(256)))
        path.write_bytes(changed)
        try:
            read(f"etcd:{path}")
        except SourceError as error:
            refusals.append(error.message)
    assert 0 < len(refusals) < 400
    assert all("snapshot.db" in message for message in refusals)


def test_sources_that_are_none(tmp_path: Path) -> None:
    """Neither a URL nor a file, a file of another kind, and a port where nobody listens are clear errors."""
    other = tmp_path / "other.db"
    other.write_bytes(b"SQLite format 3\0" + bytes(4096))

    with pytest.raises(UsageError, match="neither a URL nor a file"):
        read("etcd:nowhere")
    with pytest.raises(SourceError, match="no etcd database"):
        read(f"etcd:{other}")
    with pytest.raises(SourceError, match="cannot be reached"):
        read("etcd:http://127.0.0.1:1")


def test_a_port_of_something_else() -> None:
    """What answers HTTP and is no etcd is told apart from nobody, and nothing hangs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with pytest.raises(SourceError, match="cannot be reached") as found:
                read(f"etcd:http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()

    assert "--listen-client-urls" in found.value.hint
