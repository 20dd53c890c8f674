"""An HTTPS server on loopback with an authority of its own, for stand-ins of services that cannot run here."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from tests.support.controlplane.folder import Folder
from tests.support.controlplane.pki import Authority

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Call:
    """A request that came in."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The body as a form."""
        return dict(parse_qsl(self.body.decode()))

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What goes back; an object becomes JSON."""

    status: int
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Answering = Callable[[Call], Reply]


class Service:
    """A server, until it is closed.

    Args:
        answering: what it does.
        tls: serve https.
    """

    def __init__(self, answering: Answering, *, tls: bool = True) -> None:
        self.answering = answering
        self.calls: list[Call] = []
        self._folder = Folder()
        self.authority = self._folder.path / "authority.pem"
        self._server = ThreadingHTTPServer((LOOPBACK, 0), self._handler())
        self._server.daemon_threads = True
        if tls:
            self._server.socket = self._tls().wrap_socket(self._server.socket, server_side=True)
        self.address = f"{'https' if tls else 'http'}://{LOOPBACK}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def _tls(self) -> ssl.SSLContext:
        authority = Authority.new("strongroom tests")
        server = authority.server("loopback", [LOOPBACK])
        self.authority.write_bytes(authority.credential.certificate)
        pair = self._folder.path / "server.pem"
        pair.write_bytes(server.certificate + server.key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair)
        return context

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                path, _, query = self.path.partition("?")
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                call = Call(self.command, path, query, {k.lower(): v for k, v in self.headers.items()}, body)
                service.calls.append(call)
                reply = service.answering(call)
                text = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_CONNECT = _serve  # noqa: N815 - the names that http.server calls

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Write nothing."""

        return Handler

    @property
    def environment(self) -> dict[str, str]:
        """What makes a client trust it."""
        return {"SSL_CERT_FILE": str(self.authority)}

    def close(self) -> None:
        """End it and remove what it left."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._folder.close()
