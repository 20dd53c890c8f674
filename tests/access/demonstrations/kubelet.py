"""A stand-in for a kubelet: it answers whatever the API server passes on with the planted value.

What it proves is that the API server lets the request through to the node; what a kubelet does with it, it does not.
"""

from __future__ import annotations

import http.client
import io
import json
import socket
import socketserver
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from tests.access.demonstrations.stage import PLANTED, Stage, TokenClient
from tests.access.demonstrations.tls_server import TlsServer
from tests.support.controlplane.access import RefusedError

_LONGEST_HEAD = 1 << 16


class Kubelet(TlsServer):
    """The stand-in on an address of this machine: the API server passes nothing on to loopback."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self._stage = stage
        self.address = _own_address()
        super().__init__(folder, stage.cluster.authority.server("kubelet", [self.address]), self.address, _Answer)

    def register(self, pod: str = "web") -> None:
        """Say in the status of the stage's node, and of its pod, that this is where they are."""
        status = {
            "addresses": [{"type": "InternalIP", "address": self.address}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self.port}},
        }
        admin, merge = self._stage.admin, {"Content-Type": "application/merge-patch+json"}
        admin.call("PATCH", f"/api/v1/nodes/{self._stage.node}/status", {"status": status}, merge)
        placed = {"status": {"phase": "Running", "podIP": self.address, "podIPs": [{"ip": self.address}]}}
        admin.call("PATCH", f"/api/v1/namespaces/{self._stage.vault}/pods/{pod}/status", placed, merge)


def stream(client: TokenClient, method: str, path: str, protocol: str = "websocket") -> str:
    """Ask for a stream through the API server; return what came over it.

    Raises:
        RefusedError: the API server refused it.
    """
    parts = urlsplit(client.url)
    host, port = parts.hostname or "", parts.port or 443
    headers = {**client.headers, "Host": host, "Connection": "Upgrade", "Upgrade": protocol, "Content-Length": "0"}
    if protocol == "websocket":
        headers |= {
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
            "Sec-WebSocket-Protocol": "v4.channel.k8s.io",
        }
    else:
        headers["X-Stream-Protocol-Version"] = "v4.channel.k8s.io"
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with (
        socket.create_connection((host, port), 30) as plain,
        client.tls.wrap_socket(plain, server_hostname=host) as secure,
    ):
        secure.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode())
        return _answered(secure)


def _answered(secure: ssl.SSLSocket) -> str:
    with secure.makefile("rb") as stream_of_bytes:
        status = int(stream_of_bytes.readline().split()[1])
        headers = http.client.parse_headers(stream_of_bytes)
        if status == http.client.SWITCHING_PROTOCOLS:
            return stream_of_bytes.read1(_LONGEST_HEAD).decode()
        body = stream_of_bytes.read(int(headers.get("Content-Length", "0"))).decode()
    if status >= http.client.BAD_REQUEST:
        said = json.loads(body) if body.startswith("{") else {}
        raise RefusedError(status, said.get("reason", ""), said.get("message", body))
    return body


class _Answer(socketserver.StreamRequestHandler):
    """One request: a stream is opened and told the value, anything else is answered with it."""

    def handle(self) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n") and len(head) < _LONGEST_HEAD:
            byte = self.rfile.read(1)
            if not byte:
                return
            head += byte
        asked = http.client.parse_headers(io.BytesIO(head.partition(b"\r\n")[2]))
        value = PLANTED.encode()
        if asked.get("Upgrade"):
            protocol = asked.get("Sec-WebSocket-Protocol", "")
            chosen = f"Sec-WebSocket-Protocol: {protocol}\r\n" if protocol else ""
            opened = f"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {asked['Upgrade']}\r\n{chosen}\r\n"
            self.wfile.write(opened.encode() + value)
        else:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(value) + value)


def _own_address() -> str:
    """Return an address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # TEST-NET-1: nothing is sent by connecting a datagram socket
        return str(probe.getsockname()[0])
