"""The log of a long-running program: one JSON object a line, on standard error."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

import msgspec

LEVELS = ("debug", "info", "warning", "error")
"""From the most talkative; a log writes its own level and what stands behind it."""

Fact = str | int | float | bool
"""What a line may hold beside its event: names, numbers, reasons. Never a value, never a key."""


class Log:
    """Writes lines of JSON: ``time`` (RFC 3339, UTC), ``level``, ``event``, and the facts of the event.

    Args:
        stream: where the lines go.
        level: the least that is written.
        now: the present time.
    """

    def __init__(self, stream: TextIO, level: str = "info", now: Callable[[], datetime] = lambda: datetime.now(UTC)):
        self._stream = stream
        self._least = LEVELS.index(level)
        self._now = now

    def info(self, event: str, **facts: Fact) -> None:
        """Say what happened as it should."""
        self.write("info", event, facts)

    def warning(self, event: str, **facts: Fact) -> None:
        """Say what somebody should look at."""
        self.write("warning", event, facts)

    def problem(self, event: str, **facts: Fact) -> None:
        """Say what does not work."""
        self.write("error", event, facts)

    def write(self, level: str, event: str, facts: dict[str, Fact]) -> None:
        """Write a line; control characters of names are escaped, as JSON has it."""
        if LEVELS.index(level) < self._least:
            return
        line = {"time": self._now().isoformat(timespec="milliseconds"), "level": level, "event": event, **facts}
        # A log that cannot be written (a full disk, a reader that has gone) must not end the program that writes it.
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(msgspec.json.encode(line).decode() + "\n")
            self._stream.flush()

    def take_library_messages(self) -> None:
        """Bring what libraries log into this form: which library, which kind of error; not their text.

        Their text may quote what they were given, and their tracebacks the lines that hold it.
        """
        logging.getLogger().handlers[:] = [_Bridge(self)]


class _Bridge(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0] if record.exc_info else None
        where = f"{record.filename}:{record.lineno}"
        level = "error" if record.levelno >= logging.ERROR else "warning"
        self._log.write(level, "library", {"library": record.name, "at": where, "error": kind.__name__ if kind else ""})
