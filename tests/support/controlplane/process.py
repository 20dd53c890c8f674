"""One server program under test: started on a leash, waited for, stopped or killed, its output kept in a file."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.support.controlplane import leash

LOOPBACK = "127.0.0.1"


class ProcessError(Exception):
    """A program of the control plane ended, or did not become ready in time; the message ends with its last output."""


class Port:
    """A free loopback port that stays ours until it is closed, also while its server is stopped.

    The socket is bound and never listens; servers that are told to share their port (SO_REUSEPORT) bind beside it.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._socket.bind((LOOPBACK, 0))
        self.number: int = self._socket.getsockname()[1]

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()


class Process:
    """A program that can be started, stopped and started again; it dies with the thread that started it.

    Args:
        name: what messages call it.
        log: the file that its output is added to.
    """

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the program has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id of the running program.

        Raises:
            ProcessError: it is not running.
        """
        if self._process is None or not self.running:
            raise ProcessError(f"{self.name} is not running")
        return self._process.pid

    def start(self, command: Sequence[str]) -> None:
        """Start the program; its first word is its path.

        Raises:
            ProcessError: it is running already.
        """
        if self.running:
            raise ProcessError(f"{self.name} is running already")
        leashed = [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), *command]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                leashed, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )

    def stop(self, patience: float = 15) -> None:
        """Ask the program to end (SIGTERM) and wait for it; after ``patience`` seconds it is killed."""
        self._end(signal.SIGTERM, patience)

    def kill(self) -> None:
        """End the program at once (SIGKILL), as a crash would."""
        self._end(signal.SIGKILL, 15)

    def wait_until(self, ready: Callable[[], bool], what: str, patience: float = 60) -> None:
        """Wait until ``ready()`` is true.

        Raises:
            ProcessError: the program ended, or ``patience`` seconds have passed.
        """
        deadline = time.monotonic() + patience
        while not ready():
            if not self.running:
                raise ProcessError(f"{self.name} ended before {what}:\n{self.last_output()}")
            if time.monotonic() > deadline:
                raise ProcessError(f"{self.name}: not {what} after {patience:.0f} s:\n{self.last_output()}")
            time.sleep(0.02)

    def last_output(self, lines: int = 15) -> str:
        """The last lines of what the program has written."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _end(self, how: signal.Signals, patience: float) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(how)
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._process = None
