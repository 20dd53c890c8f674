"""A restore on a real API server: what was backed up and changed since, and a process that is killed at a write."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.kube.front import kubeconfig
from tests.support.controlplane.access import Access, Client

from strongroom.atrest.backup_changes import OnConflict, Rules
from strongroom.keys import age
from strongroom.keys.process import context
from strongroom.kube.connection import Asked
from strongroom.plans.saved import key_id
from strongroom.survey.at_rest.backup import Recipients, Scope, of_secrets, opened
from strongroom.survey.at_rest.restore import arguments
from strongroom.survey.at_rest.restore_plan import Planned, Target, planned

KEY = b"k" * 32


CODE = (
    "import json,sys;from strongroom.survey.at_rest.restore import PROCEDURE;"
    "getattr(PROCEDURE, sys.argv[1])(json.load(sys.stdin), print)"
)


class Passing(ThreadingHTTPServer):
    """Passes requests on to an API server; calls ``wrote`` with the number of each real write, done and not answered."""

    daemon_threads = True

    def __init__(self, upstream: Client) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.lock = threading.Lock()
        self.writes = 0
        self.wrote: Callable[[int], None] = lambda _: None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that are killed."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Passing

    def _pass(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        sent = json.loads(self.rfile.read(length)) if length else None
        status, body = self.server.upstream.request(self.command, self.path, sent)
        if self.command != "GET" and "dryRun" not in self.path:
            with self.server.lock:
                self.server.writes += 1
                self.server.wrote(self.server.writes)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = _pass  # noqa: N815 - names of the base class

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


@contextmanager
def passing(upstream: Client) -> Iterator[Passing]:
    """Run such a server."""
    with Passing(upstream) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class Case:
    """Eight Secrets of a namespace that were backed up, and what became of them since."""

    def __init__(self, cluster: Access, namespace: str, folder: Path, server: Passing) -> None:
        self.client, self.namespace, self.server = cluster.client(), namespace, server
        self.path = f"/api/v1/namespaces/{namespace}/secrets"
        self.asked = Asked(kubeconfig=str(kubeconfig(folder, f"http://127.0.0.1:{server.server_address[1]}")))
        self.key_file = folder / "fingerprint.key"
        self.key_file.write_bytes(KEY)
        self.backup = folder / "b.backup"
        identity, recipient = age.generate()
        (folder / "age.key").write_bytes(identity.reveal())
        os.environ["SOPS_AGE_KEY_FILE"] = str(folder / "age.key")
        for number in range(8):
            self.create(f"s{number}", f"backed up {number}", immutable=number == 7)
        self.recipient = recipient
        self.back_up()
        self.original = self.content()

    def back_up(self) -> None:
        """Back up the namespace as it is."""
        keys = Recipients((age.KIND.parse(self.recipient),))
        scope = Scope(self.asked, (self.namespace,))
        self.backup.write_bytes(b"".join(of_secrets(scope, (), keys, context(), lambda _: None)))

    def change(self) -> None:
        """Delete three, change three, put another immutable one in the place of one."""
        for number in (0, 1, 2, 7):
            self.client.delete(f"{self.path}/s{number}")
        for number in (3, 4, 5):
            self.set(f"s{number}", f"changed {number}")
        self.create("s7", "changed 7", immutable=True)
        self.changed = self.content()

    def create(self, name: str, value: str, *, immutable: bool = False) -> None:
        """Make a Secret."""
        self.client.create(self.path, {"metadata": {"name": name}, **_data(value), "immutable": immutable})

    def set(self, name: str, value: str) -> None:
        """Change a Secret."""
        status, _ = self.client.request(
            "PATCH", f"{self.path}/{name}", _data(value), {"Content-Type": "application/merge-patch+json"}
        )
        assert status == 200

    def content(self) -> dict[str, tuple[Any, ...]]:
        """Return what the Secrets hold."""
        found = self.client.get(self.path)["items"]
        return {one["metadata"]["name"]: (one.get("data"), one.get("immutable"), one["type"]) for one in found}

    def planned(self, on_conflict: OnConflict = "replace", **rules: Any) -> Planned:
        """Plan the restore."""
        target = Target(self.asked, Rules(on_conflict=on_conflict, **rules), False, KEY, str(self.key_file))
        with opened(self.backup, context()) as backup:
            return planned(backup, self.backup, target, key_id(KEY))

    def arguments(self, on_conflict: OnConflict = "replace", **rules: Any) -> dict[str, Any]:
        """Return the arguments of the procedure."""
        restore = self.planned(on_conflict, **rules).restore
        assert restore is not None
        return arguments(restore)

    def killed(self, given: dict[str, Any], write: int, part: str = "do") -> None:
        """Restore in another process, which is killed when its so-and-so-many-th write was done and not answered."""
        with subprocess.Popen(
            [sys.executable, "-c", CODE, part], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            self.server.writes = 0
            self.server.wrote = lambda number: process.kill() if number == write else None
            process.communicate(json.dumps(given).encode())
            self.server.wrote = lambda _: None
        assert process.returncode == -9


def _data(value: str) -> dict[str, Any]:
    return {"data": {"value": base64.b64encode(value.encode()).decode()}}


@pytest.fixture
def case(cluster: Access, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    """Secrets that were backed up, and changed since."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", "")
    with passing(cluster.client()) as server:
        found = Case(cluster, namespace, tmp_path, server)
        found.change()
        yield found


def quiet(_: str) -> None:
    """Tell nobody."""
