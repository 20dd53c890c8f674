"""The command line as a user types it: each script is commands, their output, their exit code, and the files they work on.

A script is text in the form of Go's txtar: first lines ``$ command``, below each what it prints (standard output and error
together; ``...`` stands for any lines, ``…`` for anything within a line) and ``? N`` for an exit code other than 0; then
``-- name --`` headers with the files. Set ``STRONGROOM_UPDATE_SCRIPTS=1`` to rewrite what is printed.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent / "scripts"
_FILE = re.compile(r"^-- (\S+) --\n", re.MULTILINE)
_COMMAND = re.compile(r"^\$ (.+)\n((?:(?!\$ |# ).*\n)*)", re.MULTILINE)


def _run(command: str, folder: Path) -> tuple[str, int]:
    words = shlex.split(command)
    stdin = None
    if "<" in words:
        stdin = (folder / words[words.index("<") + 1]).read_bytes()
        words = words[: words.index("<")]
    if words[0] == "strongroom":
        words = [sys.executable, "-m", "strongroom", *words[1:]]
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder / ".home"),
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")),
        "KF_RULE_CACHE_DIR": os.environ.get("KF_RULE_CACHE_DIR", str(Path.home() / ".cache" / "kingfisher")),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(
        words, cwd=folder, env=environment, input=stdin, stdout=-1, stderr=subprocess.STDOUT, check=False
    )
    return done.stdout.decode(), done.returncode


def _pattern(expected: str) -> re.Pattern[str]:
    lines = expected.splitlines(keepends=True)
    parts = ("(?:.*\n)*?" if line == "...\n" else ".*".join(map(re.escape, line.split("…"))) for line in lines)
    return re.compile("".join(parts))


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.txt")), ids=lambda path: path.stem)
def test_script(script: Path, tmp_path: Path) -> None:
    """Every command of the script prints what the script says and exits as it says."""
    text = script.read_text("utf-8")
    head, *files = _FILE.split(text)
    for name, body in zip(files[::2], files[1::2], strict=True):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, "utf-8")
    commands = _COMMAND.findall(head)
    assert commands
    for command, block in commands:
        wanted, _, code = block.rstrip("\n").rpartition("? ")
        if not code.isdigit():
            wanted, code = block.rstrip("\n"), "0"
        output, exit_code = _run(command, tmp_path)
        if os.environ.get("STRONGROOM_UPDATE_SCRIPTS"):
            ending = f"? {exit_code}\n" if exit_code else ""
            text = text.replace(f"$ {command}\n{block}", f"$ {command}\n{output}{ending}\n", 1)
            continue
        wanted = wanted.rstrip("\n") + "\n" if wanted.strip() else ""
        if not _pattern(wanted).fullmatch(output.rstrip("\n") + "\n" if output.strip() else ""):
            assert wanted == output, command
        assert exit_code == int(code), f"{command}\n{output}"
    if os.environ.get("STRONGROOM_UPDATE_SCRIPTS"):
        script.write_text(text, "utf-8")
