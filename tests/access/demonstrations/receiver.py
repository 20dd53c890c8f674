"""A server of the attacker's own: it keeps what the API server sends to it, and answers so that nobody notices."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.access.demonstrations.stage import Stage
from tests.access.demonstrations.tls_server import TlsServer
from tests.support.controlplane.pki import Authority

Answer = Callable[[str, Any], Any]
"""The path and the decoded body of a request to the answer's body."""


class Receiver(TlsServer):
    """An HTTPS server on this machine, with a certificate of an authority of its own.

    Attributes:
        received: the bodies of requests, as text.
        authority: what its clients have to trust, in PEM.
        port: where it listens, on loopback.
    """

    def __init__(self, folder: Path, answer: Answer) -> None:
        self.received: list[str] = []
        own = Authority.new("attacker")
        self.authority = own.credential.certificate
        credential = own.server("attacker", ["127.0.0.1", "localhost"])
        super().__init__(folder, credential, "127.0.0.1", _handler(self.received, answer))

    @property
    def text(self) -> str:
        """Everything that was received."""
        return "\n".join(self.received)


def _handler(received: list[str], answer: Answer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            received.append(body.decode("utf-8", "replace"))
            asked = json.loads(body) if body.startswith(b"{") else {}
            said = json.dumps(answer(self.path, asked)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PUT = do_PATCH = handle_any  # noqa: N815 - names that http.server asks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Say nothing."""

    return Handler


def touch(stage: Stage) -> None:
    """Change the planted Secret as its owner does: a note is added, and the value stays."""
    path = f"/api/v1/namespaces/{stage.vault}/secrets/crown-jewel"
    change = {"metadata": {"annotations": {"example.com/rotated-by": "nobody"}}}
    stage.admin.call("PATCH", path, change, {"Content-Type": "application/merge-patch+json"})
