"""Real Git repositories for tests, made with ``git`` itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ALLOW_PROTOCOL": "file",
}


def token(number: int = 0) -> str:
    """Return a text in the form of a GitHub token that nobody was given; built from pieces."""
    return "gh" + "p_" + f"q8Zr2LmXw7TbN4vKpJ6HsYcD1fGeAb3U{number:04}"


class Repository:
    """A repository in a folder; every commit is a day after the one before."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.folder = folder
        self._day = 0
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", *flags, ".")

    def git(self, *words: str, stdin: bytes = b"") -> str:
        """Run ``git``; return what it printed."""
        date = f"2026-01-{self._day % 28 + 1:02}T12:00:00+0100"
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            **_IDENTITY,
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_DATE": date,
        }
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env=environment, input=stdin, capture_output=True, check=True
        )
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def write(self, path: str, text: str | bytes) -> Path:
        """Write a file of the working tree."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def commit(self, files: dict[str, str | bytes | None], message: str = "change") -> str:
        """Write (or, with None, remove) files and commit them; return the id."""
        self._day += 1
        for path, text in files.items():
            if text is None:
                (self.folder / path).unlink()
            else:
                self.write(path, text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")
