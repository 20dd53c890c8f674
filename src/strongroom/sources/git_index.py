"""What is about to be committed: the contents of the index that differ from HEAD."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from strongroom.errors import SourceError
from strongroom.sources.git import Repository, words_of
from strongroom.sources.git_history import shown
from strongroom.sources.git_objects import Objects, Version

_REGULAR = b"100"
_UNMERGED = b"U"
_RENAMED = b"R"


class Staged(NamedTuple):
    """One file that is about to be committed: its path, the id of its contents, and of those in HEAD, if any."""

    path: str
    new: bytes
    old: bytes


def staged(repository: Repository) -> list[Staged]:
    """Return the regular files that a commit would add or change, without their contents.

    Raises:
        SourceError: the index cannot be read, or holds conflicts, or ``git`` is not installed.
    """
    base = "HEAD" if repository.has_commits() else _empty_tree(repository)
    words = ("diff-index", "--cached", "-r", "--raw", "--no-abbrev", "-M", "-z", base)
    within = ("--", repository.within) if repository.within else ()
    code, out = repository.run(*words, *within, index=_index(repository))
    if code:
        raise SourceError("the index of the repository cannot be read", hint="git status says more")
    return list(_changes(iter(words_of(out))))


def contents(repository: Repository, ids: Iterable[bytes], largest: int) -> Iterator[Version]:
    """Yield the contents of objects, numbered as they are given."""
    with Objects(repository, largest) as objects:
        for number, id_ in enumerate(ids):
            objects.ask(id_, number, "")
        objects.end()
        yield from objects.read()


def _changes(tokens: Iterator[bytes]) -> Iterator[Staged]:
    for head in tokens:
        path = next(tokens, b"")
        old_mode, mode, old, new, status = head.lstrip(b":").split(b" ")
        if status.startswith(_RENAMED):
            path = next(tokens, b"")  # a file that was only moved brings in nothing new
        if status.startswith(_UNMERGED):
            raise SourceError("the index holds conflicts", hint="resolve them first")
        if mode.startswith(_REGULAR):
            yield Staged(shown(path), new, old if old_mode.startswith(_REGULAR) else b"")


def _index(repository: Repository) -> str:
    """Return the index that Git names to its hooks, where it is one of this repository; else Git's own choice.

    ``git commit FILE`` and ``git commit -a`` prepare another index than the usual one (githooks(5), pre-commit).
    """
    named = os.environ.get("GIT_INDEX_FILE", "")
    if not named:
        return ""
    path = Path(os.path.abspath(named))  # noqa: PTH100 - resolve() would follow links
    return str(path) if path.parent.resolve() == repository.git_dir.resolve() else ""


def _empty_tree(repository: Repository) -> str:
    code, out = repository.run("hash-object", "-t", "tree", os.devnull)
    if code:
        raise SourceError("the repository cannot be read", hint="git fsck says more")
    return out.decode("ascii").strip()
