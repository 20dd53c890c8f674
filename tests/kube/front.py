"""A small real HTTP server in front of a real API server: it passes requests on, notes them, and fails where it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml
from tests.support.controlplane.access import Client

PAUSE = 0.02
"""How long the client under test waits before it tries again: tests need not wait as long as people."""


@dataclass(frozen=True)
class Seen:
    """One request that came in."""

    path: str
    accept: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What to say in place of the API server; ``drop`` closes the connection without a word."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False


Fault = Callable[[Seen, int], Answer | None]
"""Given a request and how many with that path (without its query) came before: an answer, or None to pass it on."""


class Front(ThreadingHTTPServer):
    """The server; ``seen`` are the requests so far."""

    daemon_threads = True

    def __init__(self, upstream: Client | None, fault: Fault) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.fault = fault
        self.seen: list[Seen] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""

    def note(self, seen: Seen) -> int:
        """Note a request; return how many of its path came before."""
        with self.lock:
            before = sum(one.path.partition("?")[0] == seen.path.partition("?")[0] for one in self.seen)
            self.seen.append(seen)
            return before


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Front

    def do_GET(self) -> None:
        seen = Seen(self.path, self.headers.get("Accept", ""), dict(self.headers.items()))
        answer = self.server.fault(seen, self.server.note(seen))
        if answer is None:
            assert self.server.upstream is not None
            status, body = self.server.upstream.request("GET", self.path, headers={"Accept": seen.accept})
            answer = Answer(status, body, {"Content-Type": "application/json"})
        if answer.drop:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


@contextmanager
def front(upstream: Client | None, fault: Fault = lambda _seen, _before: None) -> Iterator[Front]:
    """Run such a server."""
    with Front(upstream, fault) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def kubeconfig(
    folder: Path, url: str, user: Mapping[str, Any] | None = None, name: str = "test", **cluster: Any
) -> Path:
    """Write a kubeconfig with one context."""
    path = folder / f"{name}.kubeconfig"
    path.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": name,
                "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
                "clusters": [{"name": name, "cluster": {"server": url, **cluster}}],
                "users": [{"name": name, "user": dict(user or {})}],
            }
        ),
        "utf-8",
    )
    return path


def status(code: int, reason: str, message: str = "", **headers: str) -> Answer:
    """Make the answer that an API server gives for a failure."""
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }
    return Answer(code, json.dumps(body).encode(), {name.replace("_", "-"): text for name, text in headers.items()})


def secret(client: Client, namespace: str, name: str, values: Mapping[str, str], **metadata: Any) -> None:
    """Create a Secret."""
    body = {"metadata": {"name": name, **metadata}, "stringData": dict(values), "type": "Opaque"}
    client.create(f"/api/v1/namespaces/{namespace}/secrets", body)
