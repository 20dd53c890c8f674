"""Lines of JSON that hold no more than they were given."""

from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime

import pytest

from strongroom.serve.log import Log

NOW = datetime(2026, 11, 21, 12, 0, 0, 5000, tzinfo=UTC)


def test_a_line() -> None:
    """A line has its time, level, event and facts; control characters of a name do not reach a terminal."""
    stream = io.StringIO()
    log = Log(stream, "info", lambda: NOW)
    log.warning("request refused", uid="a\x1b[2J\n", seconds=0.5)
    log.write("debug", "nothing", {})

    (line,) = stream.getvalue().splitlines()
    assert "\x1b" not in line
    assert json.loads(line) == {
        "time": "2026-11-21T12:00:00.005+00:00",
        "level": "warning",
        "event": "request refused",
        "uid": "a\x1b[2J\n",
        "seconds": 0.5,
    }


def test_a_log_that_is_gone_ends_nothing() -> None:
    """Writing into a stream that was closed is no error."""
    stream = io.StringIO()
    stream.close()
    Log(stream).problem("nobody reads this")


def test_messages_of_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a library logs becomes its name, its place and the kind of the error; its text, which may quote, does not."""
    stream = io.StringIO()
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    Log(stream).take_library_messages()
    try:
        int("a quoted value")
    except ValueError:
        logging.getLogger("grpc").exception("it failed with a quoted value")

    line = json.loads(stream.getvalue())
    assert (line["level"], line["event"], line["library"], line["error"]) == ("error", "library", "grpc", "ValueError")
    assert "quoted" not in stream.getvalue()
