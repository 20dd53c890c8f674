"""Objects rewritten as they are: guarded, tried again, and told when a server refuses.

The server here answers as a real one does to the requests in question; that a real one rewrites is seen in
tests/atrest/test_rotation_live.py.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.kube.front import kubeconfig

from strongroom.errors import AnswerError, UnreachableError
from strongroom.kube.client import Client
from strongroom.kube.connection import Asked, connect
from strongroom.kube.discovery import Served
from strongroom.kube.pace import Pace
from strongroom.kube.rewriting import Progress, Rewriter, Rewritten

SECRETS = Served("", "v1", "secrets", "Secret", namespaced=True)
Meddle = Callable[["Cluster", str, int], int | None]
"""Given the cluster, the name of an object and how many patches of it came before: a status, or None to go on."""


class Cluster(ThreadingHTTPServer):
    """Secrets with versions; ``patched`` are those that were written, ``asked`` every patch, ``accepts`` every form."""

    daemon_threads = True

    def __init__(self, names: Collection[str], meddle: Meddle) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.versions = dict.fromkeys(names, 1)
        self.uids = {name: f"uid-{name}" for name in names}
        self.patched: list[str] = []
        self.asked: list[str] = []
        self.accepts: set[str] = set()
        self.meddle = meddle
        self.lock = threading.Lock()

    def metadata(self, name: str) -> dict[str, object]:
        """Return an object as metadata-only answers have it."""
        about = {"name": name, "namespace": "shop", "uid": self.uids[name], "resourceVersion": str(self.versions[name])}
        return {"kind": "PartialObjectMetadata", "metadata": about}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Cluster

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.server.accepts.add(self.headers["Accept"].partition(";")[2])
        with self.server.lock:
            if url.path == "/api/v1/secrets":
                self._list(parse_qs(url.query))
                return
            name = url.path.rpartition("/")[2]
            if name in self.server.versions:
                self._say(200, self.server.metadata(name))
            else:
                self._say(404, {})

    def _list(self, query: dict[str, list[str]]) -> None:
        names = sorted(self.server.versions)
        at, size = int(query.get("continue", ["0"])[0]), int(query["limit"][0])
        left = len(names) - at - size
        position = {"continue": str(at + size), "remainingItemCount": left} if left > 0 else {}
        items = [self.server.metadata(name) for name in names[at : at + size]]
        self._say(200, {"kind": "PartialObjectMetadataList", "metadata": position, "items": items})

    def do_PATCH(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.accepts.add(self.headers["Accept"].partition(";")[2])
        assert self.headers["Content-Type"] == "application/merge-patch+json"
        assert set(body) == {"metadata"}
        name = urlsplit(self.path).path.rpartition("/")[2]
        with self.server.lock:
            before = self.server.asked.count(name)
            self.server.asked.append(name)
            status = self.server.meddle(self.server, name, before)
            if status is None:
                status = self._guarded(name, body["metadata"])
            if status == 200:
                self.server.patched.append(name)
                self._say(200, self.server.metadata(name))
            else:
                self._say(status, {})

    def _guarded(self, name: str, seen: dict[str, str]) -> int:
        if name not in self.server.versions:
            return 404
        current = (self.server.uids[name], str(self.server.versions[name]))
        return 200 if (seen["uid"], seen["resourceVersion"]) == current else 409

    def _say(self, status: int, body: dict[str, object]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


def _calm(_: Cluster, __: str, ___: int) -> int | None:
    return None


@contextmanager
def running(names: Collection[str], meddle: Meddle = _calm) -> Iterator[Cluster]:
    """Run such a server."""
    with Cluster(names, meddle) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def rewritten(
    server: Cluster,
    folder: Path,
    only: Collection[str] | None = None,
    told: Callable[[Progress], None] = lambda _: None,
    patience: float = 5.0,
) -> Rewritten:
    """Rewrite all Secrets of a server."""

    async def run() -> Rewritten:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        async with Client(connect(Asked(kubeconfig=str(kubeconfig(folder, url))))) as client:
            return await Rewriter(client, Pace(), told, patience).rewrite(SECRETS, only)

    return asyncio.run(run())


def test_each_once(tmp_path: Path) -> None:
    """Every object of every page is patched exactly once, and nothing but metadata is asked for."""
    names = [f"s{number:04}" for number in range(1200)]
    seen: list[Progress] = []
    with running(names) as server:
        came = rewritten(server, tmp_path, told=seen.append)
    assert came == Rewritten(written=1200)
    assert sorted(server.patched) == names
    assert {accept.partition(";")[0] for accept in server.accepts} == {
        "as=PartialObjectMetadataList",
        "as=PartialObjectMetadata",
    }
    assert [(one.done, one.total) for one in seen] == [(500, 1200), (1000, 1200), (1200, 1200)]
    assert seen[-1].left == 0


def test_only_those(tmp_path: Path) -> None:
    """Of objects that need nothing, none is patched."""
    with running(["a", "b", "c"]) as server:
        came = rewritten(server, tmp_path, {"shop/b"})
    assert (came.written, came.skipped, server.patched) == (1, 2, ["b"])


def test_changed_meanwhile(tmp_path: Path) -> None:
    """An object that somebody else wrote between the list and the patch is patched with the version of then."""

    def meddle(server: Cluster, name: str, before: int) -> int | None:
        if name == "b" and before < 3:
            server.versions["b"] += 1
        return None

    with running(["a", "b"], meddle) as server:
        came = rewritten(server, tmp_path)
    assert came == Rewritten(written=2, conflicts=3)


def test_gone_meanwhile(tmp_path: Path) -> None:
    """A deleted object is no matter, nor is one that was made anew under its name."""

    def meddle(server: Cluster, name: str, before: int) -> int | None:
        if before == 0 and name == "a":
            del server.versions["a"]
        if before == 0 and name == "b":
            server.uids["b"], server.versions["b"] = "another", 7
        return None

    with running(["a", "b", "c"], meddle) as server:
        came = rewritten(server, tmp_path)
    assert (came.written, came.gone, server.patched) == (1, 2, ["c"])


@pytest.mark.parametrize("status", [429, 500, 503])
def test_busy_server(tmp_path: Path, status: int) -> None:
    """An answer that the server has too much to do, or fails, is followed by another try."""
    with running(["a", "b"], lambda _, __, before: status if before < 2 else None) as server:
        came = rewritten(server, tmp_path)
    assert came == Rewritten(written=2)
    assert server.asked.count("a") == 3


def test_refused(tmp_path: Path) -> None:
    """What the server refuses is named with its status; the others are rewritten."""
    with running(["a", "b", "c"], lambda _, name, __: 403 if name == "b" else None) as server:
        came = rewritten(server, tmp_path)
    assert (came.written, came.refused) == (2, (("shop/b", 403),))


def test_always_in_conflict(tmp_path: Path) -> None:
    """An object that changes all the time is given up at last, and named."""

    def meddle(server: Cluster, name: str, _: int) -> int | None:
        server.versions[name] += 1
        return None

    with running(["a"], meddle) as server:
        came = rewritten(server, tmp_path)
    assert came.refused == (("shop/a", 409),)


def test_server_gone(tmp_path: Path) -> None:
    """A server that answers no patch any more is an error once patience is over."""

    def meddle(server: Cluster, _: str, __: int) -> int | None:
        server.socket.close()
        raise ConnectionResetError

    with running([f"s{number}" for number in range(20)], meddle) as server, pytest.raises(UnreachableError):
        rewritten(server, tmp_path, patience=0.3)


def test_no_such_list(tmp_path: Path) -> None:
    """A list that the server refuses is its refusal."""
    with running(["a"]) as server:
        served = Served("", "v1", "missing", "Missing", namespaced=True)

        async def run() -> None:
            url = f"http://127.0.0.1:{server.server_address[1]}"
            async with Client(connect(Asked(kubeconfig=str(kubeconfig(tmp_path, url))))) as client:
                await Rewriter(client, Pace()).rewrite(served)

        with pytest.raises(AnswerError, match="404"):
            asyncio.run(run())
