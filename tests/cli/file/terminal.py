"""A program at a real terminal."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_LONGEST = 60.0
_PATIENCE = 10.0


class Terminal:
    """Runs a program as the leader of a session with a terminal of its own."""

    def __init__(self, words: Sequence[str], folder: Path, environment: dict[str, str]) -> None:
        self.master, slave = pty.openpty()
        self.shown = ""

        self.process = subprocess.Popen(
            # The shell makes the terminal its own: opening one does that for the leader of a session without any.
            ["/bin/sh", "-c", 'exec <>"$0" >&0 2>&0; exec "$@"', os.ttyname(slave), *words],
            cwd=folder,
            env=environment | {"TERM": "xterm"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def wait_for(self, pattern: str) -> None:
        """Read until something is shown; what is read is gone for the next wait."""
        self._read(lambda: re.search(pattern, self.shown) is not None, pattern)
        self.shown = self.shown[re.search(pattern, self.shown).end() :]  # type: ignore[union-attr]

    def type(self, text: str) -> None:
        """Type at the keyboard."""
        os.write(self.master, text.encode())

    def insist(self, text: str) -> int:
        """Type until the program ends; return its exit code.

        Between Python's last look for a signal and its read of the terminal, Ctrl-C waits for the next key. Not soon:
        a second Ctrl-C would kill a program that is about to end.
        """
        until = time.monotonic() + _LONGEST
        while self.process.poll() is None and time.monotonic() < until:
            self.type(text)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_PATIENCE)
        return self.end()

    def end(self) -> int:
        """Read to the end; return the exit code."""
        self._read(lambda: self.process.poll() is not None, "the end")
        while select.select([self.master], [], [], 0)[0] and self._take():
            pass
        os.close(self.master)
        return self.process.returncode

    def _read(self, done: Callable[[], bool], wanted: str) -> None:
        until = time.monotonic() + _LONGEST
        while not done():
            assert time.monotonic() < until, f"{wanted} was not seen in {self.shown!r}"
            if select.select([self.master], [], [], 0.05)[0]:
                self._take()

    def _take(self) -> bool:
        """Read what is there; tell whether there can be more."""
        try:
            self.shown += os.read(self.master, 65536).decode("utf-8", "replace")
        except OSError:  # nobody has the other side open any more
            self.process.wait(_LONGEST)
            return False
        return True


def wait_until(done: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    until = time.monotonic() + _LONGEST
    while not done():
        assert time.monotonic() < until
        time.sleep(0.02)
