"""A real OpenBao server in development mode: in memory, unsealed, with a transit engine."""

from __future__ import annotations

import json
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.support.controlplane.folder import Folder
from tests.support.controlplane.process import LOOPBACK, Process, ProcessError
from tests.support.ports import free_port

BAO = Path(sys.executable).parent / "bao"
TOKEN = "root-of-the-tests"
ATTEMPTS = 5


class OpenBao:
    """A server, until it is closed; it dies with the process that started it.

    Args:
        tls: serve https with a certificate of an authority of its own, ``authority``.
    """

    def __init__(self, *, tls: bool = False) -> None:
        self._folder = Folder()
        self.authority = self._folder.path / "vault-ca.pem"
        self.token = TOKEN
        self._tls = tls
        self._process = Process("bao", self._folder.path / "log")
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._start()
                break
            except ProcessError:  # somebody else took the port in between
                self._process.stop()
                if attempt == ATTEMPTS:
                    self._folder.close()
                    raise

    def _start(self) -> None:
        port = free_port()
        self.address = f"{'https' if self._tls else 'http'}://{LOOPBACK}:{port}"
        options = ["-dev-tls", f"-dev-tls-cert-dir={self._folder.path}"] if self._tls else ["-dev"]
        self._process.start(
            [
                "/usr/bin/env",
                f"HOME={self._folder.path}",
                str(BAO),
                "server",
                *options,
                "-dev-no-store-token",
                f"-dev-root-token-id={TOKEN}",
                f"-dev-listen-address={LOOPBACK}:{port}",
            ]
        )
        self._process.wait_until(self._answers, "ready")
        self.call("POST", "sys/mounts/transit", {"type": "transit"})

    def _answers(self) -> bool:
        try:
            return self.call("GET", "sys/health")["initialized"] is True
        except OSError:
            return False

    def call(self, method: str, path: str, body: Any = None, token: str = TOKEN) -> Any:
        """Call the API; the answer's object, or None where it has no body."""
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.address}/v1/{path}",
            None if body is None else json.dumps(body).encode(),
            {"X-Vault-Token": token, "Content-Type": "application/json"},
            method=method,
        )
        tls = ssl.create_default_context(cafile=str(self.authority)) if self._tls and self.authority.exists() else None
        with urllib.request.urlopen(request, timeout=10, context=tls) as answer:  # noqa: S310 - loopback
            text = answer.read()
        return json.loads(text) if text else None

    def transit_key(self, name: str) -> str:
        """Make a transit key; its URL as ``.sops.yaml`` has it."""
        self.call("POST", f"transit/keys/{name}", {})
        return f"{self.address}/v1/transit/keys/{name}"

    def close(self) -> None:
        """End the server and remove what it left."""
        self._process.stop()
        self._folder.close()
