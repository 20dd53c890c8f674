"""The context of a command line, on a terminal and without one."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

from strongroom.keys.process import context, now, tell

ASK = (
    "import os, sys\n"
    "if sys.argv[1]: os.open(sys.argv[1], os.O_RDWR)\n"  # the first terminal that a session opens becomes its own
    "from strongroom.errors import UsageError\n"
    "from strongroom.keys.process import context\n"
    "try: print(context().ask('the key').reveal())\n"
    "except UsageError as error: print(error.message, '|', error.hint)\n"
)


def _asked(terminal: str, typed: bytes = b"", master: int = -1) -> str:
    child = subprocess.Popen(
        (sys.executable, "-c", ASK, terminal),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    if terminal:
        shown = b""
        while b"passphrase" not in shown:
            shown += os.read(master, 1024)
        os.write(master, typed)
    out, _ = child.communicate("from standard input\n", timeout=30)
    return out.strip()


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        (b"s3cret\n", "b's3cret'"),
        (b"\n", "no passphrase of the key was given | "),
        (b"s3cret\xff\n", "what was typed for the passphrase of the key is not in the encoding of the terminal | "),
    ],
)
def test_a_passphrase_is_asked_for_on_the_terminal(typed: bytes, answer: str) -> None:
    """It comes from the terminal and not from standard input, which may be the file, and is not echoed."""
    master, slave = pty.openpty()
    try:
        assert _asked(os.ttyname(slave), typed, master) == answer.strip()
        os.set_blocking(master, False)
        rest = os.read(master, 4096)
    except BlockingIOError:
        rest = b""
    finally:
        os.close(master)
        os.close(slave)
    assert b"s3cret" not in rest


def test_without_a_terminal_nobody_is_asked() -> None:
    """In a pipeline there is an error with a hint, and no waiting."""
    assert _asked("") == (
        "the key needs a passphrase, and there is no terminal to ask on"
        " | run this in a terminal, or use a key without a passphrase"
    )


def test_the_time_is_written_as_sops_writes_it() -> None:
    """RFC 3339 in UTC, whole seconds."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", now())


def test_a_context_is_of_this_process() -> None:
    """It reads the environment of the process and remembers nothing of another context."""
    first, second = context(), context()
    assert first.environment == dict(os.environ)
    assert first.kept == {}
    assert first.kept is not second.kept


def test_what_a_program_says_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """A message of a plugin is shown on standard error without control characters."""
    tell("touch \x1b[2Jyour\nkey")
    assert capsys.readouterr() == ("", "touch  [2Jyour key\n")
