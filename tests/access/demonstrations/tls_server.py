"""A server with TLS on an address of this machine, for as long as a test needs it."""

from __future__ import annotations

import socketserver
import ssl
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.controlplane.pki import Credential


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class TlsServer:
    """Serves between ``with`` and its end.

    Args:
        folder: takes the certificate and the key, which ``ssl`` reads from files only.
        credential: who the server is.
        address: where it listens.
        handler: answers each request.
    """

    def __init__(
        self, folder: Path, credential: Credential, address: str, handler: type[socketserver.BaseRequestHandler]
    ) -> None:
        (folder / "server.crt").write_bytes(credential.certificate)
        (folder / "server.key").write_bytes(credential.key)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(folder / "server.crt", folder / "server.key")
        self._server = _Server((address, 0), handler)
        self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
