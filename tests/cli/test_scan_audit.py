"""``strongroom scan --audit-baseline`` as a person in a terminal sees it: a real pseudo-terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.leaks.fakes import fake

SECONDS = 120


class Person:
    """Somebody at a terminal."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "strongroom", "scan", *words],
            cwd=folder,
            env=environment(folder),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self.seen = ""
        self.read = 0

    def sees(self, text: str) -> None:
        """Wait until a text appears behind what was seen before."""
        while text not in self.seen[self.read :]:
            ready, _, _ = select.select([self.master], [], [], SECONDS)
            assert ready, f"{text!r} did not appear: {self.seen!r}"
            try:
                data = os.read(self.master, 4096)
            except OSError:
                data = b""
            assert data, f"{text!r} did not appear: {self.seen!r}"
            self.seen += data.decode()
        self.read = self.seen.index(text, self.read) + len(text)

    def types(self, text: str) -> None:
        """Type a line."""
        os.write(self.master, f"{text}\n".encode())

    def ends(self, code: int = 0) -> None:
        """Wait for the end."""
        assert self.process.wait(SECONDS) == code
        os.close(self.master)


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a person with a home of his own."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder / ".home"),
        "KF_RULE_CACHE_DIR": os.environ.get("KF_RULE_CACHE_DIR", str(Path.home() / ".cache" / "kingfisher")),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm",
        "LOGNAME": "ada",
        "GIT_CONFIG_GLOBAL": "/dev/null",
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make three files with a value each, and a baseline in which nobody decided."""
    for number, name in enumerate(("a", "b", "c"), start=1):
        (tmp_path / f"{name}.py").write_text(f"token = '{fake('github', number)}'\n")
    command = [sys.executable, "-m", "strongroom", "scan", ".", "--write-baseline"]
    subprocess.run(command, cwd=tmp_path, env=environment(tmp_path), check=True, capture_output=True)
    return tmp_path


def entries(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the entries of the baseline by path."""
    lines = (folder / ".strongroom-baseline").read_text().splitlines()[1:]
    return {entry["path"]: entry for entry in map(json.loads, lines)}


def test_decisions(folder: Path) -> None:
    """Accept wants a reason and takes an expiry, real takes a note, skip leaves it open; each answer is on disk at once."""
    person = Person(folder, ".", "--audit-baseline")

    person.sees("1 of 3")
    person.sees("a.py:1:10")
    person.sees("GitHub")
    person.types("x")
    person.sees("[a]ccept")
    person.types("a")
    person.sees("reason: ")
    person.types("")
    person.sees("only with a reason")
    person.types("a test server")
    person.sees("until")
    person.types("tomorrow")
    person.sees("no date")
    person.types("2020-01-01")
    person.sees("has passed")
    person.types("90d")
    person.sees("2 of 3")
    first = entries(folder)["a.py"]
    person.types("r")
    person.sees("note")
    person.types("rotate it")
    person.sees("3 of 3")
    person.types("s")
    person.sees("3 known, 1 undecided")
    person.ends()

    assert first["decision"] == "accepted"
    assert first["reason"] == "a test server"
    assert first["author"]
    assert first["expires"] >= (datetime.now(UTC) + timedelta(days=89)).date().isoformat()
    after = entries(folder)
    assert after["b.py"]["decision"] == "real"
    assert after["b.py"]["reason"] == "rotate it"
    assert "decision" not in after["c.py"]
    assert not any(fake("github", number) in person.seen for number in (1, 2, 3))


def test_quit_keeps_what_was_decided(folder: Path) -> None:
    """Quitting, and the end of input, keep what was decided before."""
    person = Person(folder, ".", "--audit-baseline")
    person.sees("[q]uit: ")
    person.types("r")
    person.sees("note")
    person.types("")
    person.sees("2 of 3")
    person.types("q")
    person.ends()
    assert [entry.get("decision") for entry in entries(folder).values()].count("real") == 1

    person = Person(folder, ".", "--audit-baseline")
    person.sees("1 of 2")
    os.write(person.master, b"\x04")
    person.ends(130)
    assert [entry.get("decision") for entry in entries(folder).values()].count("real") == 1


def test_new_and_gone(folder: Path) -> None:
    """A value that is not in the baseline yet is asked about too; an entry that matches nothing can be dropped."""
    (folder / "a.py").rename(folder / "z.py")
    person = Person(folder, ".", "--audit-baseline")

    person.sees("1 of 4")
    person.sees("a.py: no longer found")
    person.types("d")
    person.types("s")
    person.types("s")
    person.sees("new")
    person.sees("z.py")
    person.types("a")
    person.types("moved")
    person.types("")
    person.ends()

    assert sorted(entries(folder)) == ["b.py", "c.py", "z.py"]


def test_expired(folder: Path) -> None:
    """A value whose acceptance has expired is asked about again, with what was said of it."""
    file = folder / ".strongroom-baseline"
    over = '"decision":"accepted","reason":"until the spring","expires":"2026-03-01"}'
    header, *lines = file.read_text().splitlines()
    file.write_text("\n".join([header, *(line[:-1] + "," + over for line in lines)]) + "\n")
    person = Person(folder, ".", "--audit-baseline")

    person.sees("1 of 3")
    person.sees("accepted until 2026-03-01: until the spring")
    person.sees("[q]uit: ")
    person.types("a")
    person.types("until the autumn")
    person.types("")
    person.sees("2 of 3")
    person.types("q")
    person.ends()

    assert entries(folder)["a.py"]["reason"] == "until the autumn"
    assert "expires" not in entries(folder)["a.py"]


def test_needs_a_terminal(folder: Path) -> None:
    """Without a terminal there is nobody to ask."""
    command = [sys.executable, "-m", "strongroom", "scan", ".", "--audit-baseline"]

    done = subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False, stdin=-3
    )

    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
