"""etcd under test, and its raw bytes: what the API server wrote, before it decrypts or decodes anything.

Reads and writes go through etcd's JSON gateway: https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/
"""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.controlplane.process import LOOPBACK, Port, Process

PAGE = 500


class Store:
    """The keys and values of a running etcd, as bytes."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, key: str) -> bytes | None:
        """The bytes at a key such as ``/registry/secrets/NAMESPACE/NAME``, or None."""
        found = self._post("/v3/kv/range", {"key": _encoded(key.encode())}).get("kvs", [])
        return base64.b64decode(found[0].get("value", "")) if found else None

    def prefix(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """Every key that begins with ``prefix``, in order, with its bytes; read in pages."""
        key, end = prefix.encode(), _after(prefix.encode())
        while True:
            body = {"key": _encoded(key), "range_end": _encoded(end), "limit": str(PAGE)}
            answer = self._post("/v3/kv/range", body)
            for pair in answer.get("kvs", []):
                last = base64.b64decode(pair["key"])
                yield last.decode(), base64.b64decode(pair.get("value", ""))
            if not answer.get("more"):
                return
            key = last + b"\x00"

    def put(self, key: str, value: bytes) -> None:
        """Write bytes behind the API server's back."""
        self._post("/v3/kv/put", {"key": _encoded(key.encode()), "value": _encoded(value)})

    def delete(self, key: str) -> bool:
        """Delete one key; whether it was there."""
        return "deleted" in self._post("/v3/kv/deleterange", {"key": _encoded(key.encode())})

    def snapshot(self, target: Path) -> None:
        """Write a snapshot of the whole store, as ``etcdctl snapshot save`` would."""
        connection = self._connect()
        try:
            connection.request("POST", "/v3/maintenance/snapshot", b"{}")
            with connection.getresponse() as answer, target.open("wb") as output:
                for line in answer:
                    output.write(base64.b64decode(json.loads(line)["result"].get("blob", "")))
        finally:
            connection.close()

    def healthy(self) -> bool:
        """Whether etcd answers and has a leader."""
        connection = self._connect()
        try:
            connection.request("GET", "/health")
            with connection.getresponse() as answer:
                return answer.status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()

    def _post(self, path: str, body: dict[str, str]) -> dict[str, Any]:
        connection = self._connect()
        try:
            connection.request("POST", path, json.dumps(body))
            with connection.getresponse() as answer:
                content = answer.read()
                if answer.status != http.client.OK:
                    raise OSError(f"etcd answered {answer.status} to {path}")
                parsed: dict[str, Any] = json.loads(content)
                return parsed
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        return http.client.HTTPConnection(parts.hostname or LOOPBACK, parts.port, timeout=30)


class Etcd(Process):
    """One etcd on loopback without TLS, its data in ``directory``.

    Args:
        program: the etcd to run.
        directory: its own folder, made here.
        durable: whether it waits for the disk, as it does in production and no test needs.
    """

    def __init__(self, program: Path, directory: Path, *, durable: bool = False) -> None:
        directory.mkdir(parents=True)
        super().__init__("etcd", directory / "etcd.log")
        self._program = program
        self._directory = directory
        self._durable = durable
        self._clients, self._peers = Port(), Port()
        self.url = f"http://{LOOPBACK}:{self._clients.number}"
        self.store = Store(self.url)

    def run(self) -> None:
        """Start it on the data that it has, and wait until it answers.

        Raises:
            ProcessError: it is running already, or does not become healthy.
        """
        peers = f"http://{LOOPBACK}:{self._peers.number}"
        self.start(
            [
                str(self._program),
                "--name=test",
                f"--data-dir={self._directory / 'data'}",
                f"--listen-client-urls={self.url}",
                f"--advertise-client-urls={self.url}",
                f"--listen-peer-urls={peers}",
                f"--initial-advertise-peer-urls={peers}",
                f"--initial-cluster=test={peers}",
                "--socket-reuse-port=true",
                # Nothing here has to outlive a power cut, and fsync is most of what a write costs.
                f"--unsafe-no-fsync={str(not self._durable).lower()}",
                "--log-level=warn",
                "--log-outputs=stderr",
            ]
        )
        self.wait_until(self.store.healthy, "healthy")

    def close(self) -> None:
        """Kill it and give its ports back."""
        self.kill()
        self._clients.close()
        self._peers.close()


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _after(prefix: bytes) -> bytes:
    """The first key after all that begin with ``prefix`` (the prefix with its last byte raised by one)."""
    return prefix[:-1] + bytes([prefix[-1] + 1])
