"""Files as they are about to be committed, or as they lie there, each beside its last committed version.

Git is asked for raw objects only (``cat-file``, ``diff --raw``): no filter, no textconv, no external diff and no
monitor of the repository's runs.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from strongroom.errors import SourceError

_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "--no-optional-locks", "--literal-pathspecs")
_RAW = ("diff", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules")
_TIMEOUT_SECONDS = 120
_LARGEST = 32 << 20
_ABSENT = "0"


class Version(NamedTuple):
    """One file: its path, its contents, and its contents in the last commit (None where it is new)."""

    path: str
    data: bytes
    before: bytes | None


class _Change(NamedTuple):
    path: str
    old: str
    new: str


def staged(suffixes: tuple[str, ...]) -> Iterator[Version]:
    """Yield the files with these suffixes that are about to be committed, as the index holds them.

    Raises:
        SourceError: this is no repository, or Git cannot read it.
    """
    changes = [c for c in _changes("--cached", "--diff-filter=ACMRT") if c.path.endswith(suffixes)]
    contents = _contents({one for change in changes for one in (change.old, change.new)})
    for change in changes:
        data = contents.get(change.new)
        if data is not None:  # None: a submodule, or larger than the limit
            yield Version(change.path, data, contents.get(change.old))


def named(paths: Iterable[str]) -> Iterator[Version]:
    """Yield files as they lie in the working tree.

    Raises:
        SourceError: one cannot be read.
    """
    wanted = list(paths)
    below = [path for path in wanted if not Path(path).is_absolute() and not os.path.normpath(path).startswith("..")]
    try:
        committed = _committed(below) if below else {}
    except SourceError:
        committed = {}  # no repository, or no commit yet: nothing to compare with
    contents = _contents(set(committed.values()))
    for path in wanted:
        yield Version(path, _read(Path(path)), contents.get(committed.get(os.path.normpath(path), _ABSENT)))


def git(*arguments: str, given: bytes = b"", folder: Path | None = None) -> bytes:
    """Return what Git prints.

    Raises:
        SourceError: Git is not there, or fails.
    """
    try:
        done = subprocess.run(
            ["git", *_QUIET, *arguments],
            input=given,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            cwd=folder,
            check=True,
        )
    except FileNotFoundError:
        raise SourceError("git is not installed") from None
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        raise SourceError(f"git {arguments[0]} failed", hint="run it inside a Git repository") from None
    return done.stdout


def _changes(*arguments: str) -> list[_Change]:
    """Return what ``git diff --raw -z`` says: ``:MODE MODE OLD NEW STATUS`` and a path in turn."""
    parts = git(*_RAW, *arguments).decode("utf-8", "surrogateescape").split("\0")
    changes = []
    for head, path in zip(parts[::2], parts[1::2], strict=False):
        fields = head.split(" ")
        if len(fields) == 5 and fields[1] != "160000":
            changes.append(_Change(path, fields[2], fields[3]))
    return changes


def _committed(paths: list[str]) -> dict[str, str]:
    """Return the blobs of files in the last commit, by path; the working tree is not compared, so no filter runs."""
    listed = git("ls-tree", "-z", "HEAD", "--", *map(os.path.normpath, paths)).decode("utf-8", "surrogateescape")
    heads = (entry.partition("\t") for entry in listed.split("\0") if entry)
    return {path: head.split(" ")[2] for head, _, path in heads}


def _contents(ids: set[str]) -> dict[str, bytes]:
    """Return blobs by id, in one run of ``git cat-file --batch``; those over the limit are left out."""
    wanted = sorted(one for one in ids if set(one) != {_ABSENT})
    if not wanted:
        return {}
    listed = (
        git("cat-file", "--batch-check", given="".join(f"{one}\n" for one in wanted).encode()).decode().splitlines()
    )
    small = [f[0] for line in listed if len(f := line.split()) == 3 and f[1] == "blob" and int(f[2]) <= _LARGEST]
    printed = git("cat-file", "--batch", given="".join(f"{one}\n" for one in small).encode())
    contents: dict[str, bytes] = {}
    at = 0
    while at < len(printed):
        end = printed.index(b"\n", at)
        id_, _, size = printed[at:end].decode().split(" ")
        contents[id_] = printed[end + 1 : end + 1 + int(size)]
        at = end + 2 + int(size)
    return contents


def _read(path: Path) -> bytes:
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
            return b""
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path} cannot be read", hint=(error.strerror or "").lower()) from None
