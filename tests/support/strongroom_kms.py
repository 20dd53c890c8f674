"""``strongroom serve kms-plugin`` as a process under test, with the face of ``tests.support.controlplane.kms.KmsPlugin``."""

from __future__ import annotations

import json
import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.controlplane.folder import Folder
from tests.support.controlplane.process import LOOPBACK, Process

from strongroom.keys.kek.local_file import create
from strongroom.keys.kmsv2.client import Client

NOW = "2026-11-21T12:00:00Z"


class StrongroomKms:
    """One plugin, until it is closed; it dies with the process that started it.

    Args:
        keys: URIs of its keys, the first of which encrypts; without any it gets a fresh key in a file.
        options: further words of its command line; with ``--config`` its file names the keys.
        environment: in addition to a small one.
        socket: where it listens, if not in its own folder.
    """

    def __init__(
        self,
        keys: Sequence[str] = (),
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        socket: Path | None = None,
    ) -> None:
        # A socket's path has to be short (about 100 characters), which a test's folder may not be.
        self._folder = Folder()
        self.path = self._folder.path
        self.socket = socket or self.path / "kms.sock"
        self.key_file = self.path / "kek"
        self.metrics = ""
        self.process = Process("strongroom", self.path / "log")
        if not keys:
            self.rotate()
        self.keys = tuple(keys) or (f"local-file:{self.key_file}",)
        self._options = tuple(options)
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(self.path), **(environment or {})}

    def rotate(self) -> str:
        """Add a version to the key in the file; its id."""
        return create(self.key_file, NOW).id

    def run(self) -> None:
        """Start it and wait until it listens."""
        seen = len(self.events("listening"))
        self.launch()
        self.process.wait_until(lambda: len(self.events("listening")) > seen, "listening")
        self.metrics = str(self.events("listening")[-1]["metrics"])

    def launch(self) -> None:
        """Start it, and return at once."""
        words = ["--socket", str(self.socket), "--metrics-address", f"{LOOPBACK}:0"]
        if "--config" not in self._options:
            writer, *readers = self.keys
            words += ["--key", writer, *(word for key in readers for word in ("--also", key))]
        variables = [f"{name}={value}" for name, value in self._environment.items()]
        command = [sys.executable, "-m", "strongroom", "serve", "kms-plugin", *words, *self._options]
        self.process.start(["/usr/bin/env", "-i", *variables, *command])

    def reload(self) -> None:
        """Have it read its keys again."""
        # The leash that the process runs on becomes the process itself.
        os.kill(self.process.pid, signal.SIGHUP)

    def close(self) -> None:
        """Kill it and remove its folder."""
        self.process.kill()
        self._folder.close()

    def client(self, timeout: float = 3.0) -> Client:
        """A client of it."""
        return Client(self.socket, timeout)

    def events(self, event: str) -> list[dict[str, Any]]:
        """The lines of its log about an event."""
        text = self.process.log.read_text("utf-8") if self.process.log.exists() else ""
        lines = (json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}"))
        return [line for line in lines if line["event"] == event]

    def http(self, path: str) -> tuple[int, str]:
        """Status and text of a path of its metrics address."""
        try:
            with urllib.request.urlopen(f"http://{self.metrics}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def provider(self, name: str) -> dict[str, object]:
        """The provider of an EncryptionConfiguration that means this plugin."""
        return {"kms": {"apiVersion": "v2", "name": name, "endpoint": f"unix://{self.socket}", "timeout": "3s"}}


def folder_of_its_own() -> Folder:
    """A folder in which nobody else may write, with a short path."""
    return Folder()
