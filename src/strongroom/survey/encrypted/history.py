"""Who could open what, when: the encrypted files of a repository through its history.

No key is needed: recipients, and the names of values, are readable in an encrypted file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from strongroom.errors import SourceError, StrongroomError
from strongroom.files.sops.document import Document, Format
from strongroom.files.sops.envelope import PREFIX
from strongroom.files.sops.formats import format_of
from strongroom.files.sops.metadata import Metadata, from_mapping
from strongroom.sources.git import Repository, find
from strongroom.sources.git_history import History, Scope

_LARGEST = 32 << 20


class Value(NamedTuple):
    """An encrypted value: its ciphertext, and the path that binds it to its place."""

    text: str
    path: tuple[str, ...]


class Sealed(NamedTuple):
    """The readable part of an encrypted file.

    Attributes:
        metadata: its recipients.
        values: where each encrypted value stands, and what stands there.
    """

    metadata: Metadata
    values: dict[str, Value]


class Occasion(NamedTuple):
    """A version of a file that a commit brought.

    Attributes:
        path: relative to the top of the repository.
        commit: the id of the commit.
        time: when, ISO 8601; empty where the commit does not tell.
        sealed: what it brought.
    """

    path: str
    commit: str
    time: str
    sealed: Sealed


class Past(NamedTuple):
    """The history of a repository.

    Attributes:
        top: the folder of its files.
        occasions: the newest first.
        whole: False where commits are missing: a shallow clone, or one that cannot be read.
    """

    top: Path
    occasions: tuple[Occasion, ...]
    whole: bool


def past(folder: Path, told: Callable[[str], None] = lambda _: None) -> Past | None:
    """Read the history of the repository that holds a folder, over all its branches; None where there is none.

    Raises:
        SourceError: Git is not there.
    """
    try:
        repository = find(str(folder))
    except SourceError:
        return None
    if not repository.has_commits():
        return Past(repository.top, (), whole=True)
    return _read(repository, told)


def sealed(data: bytes, form: Format) -> Sealed | None:
    """Return the readable part of a file; None where it is not encrypted or cannot be read."""
    if PREFIX.encode() not in data or b"sops" not in data:
        return None
    try:
        document = form.read(data, True)
        if document.metadata is None:
            return None
        return Sealed(from_mapping(document.metadata), dict(_values(document)))
    except StrongroomError:
        return None  # a version that nobody can open


def _values(document: Document) -> Iterator[tuple[str, Value]]:
    several = len({leaf.branch for leaf in document.leaves}) > 1
    for leaf in document.leaves:
        text = leaf.scalar.data.reveal_text() or ""
        if text.startswith(PREFIX) and leaf.scalar.type != "comment":
            place = ".".join(str(step) for step in leaf.address)
            yield (f"[{leaf.branch}] {place}" if several else place), Value(text, leaf.path)


def _read(repository: Repository, told: Callable[[str], None]) -> Past:
    history = History(
        Repository(repository.git_dir, repository.top, ""), Scope(("HEAD",), all_refs=True), largest=_LARGEST
    )
    contents: dict[int, bytes] = {}
    for version in history.versions():
        if version.data is not None and PREFIX.encode() in version.data and b"sops" in version.data:
            told(version.path)
            contents[version.number] = version.data
    changes = [change for change in history.changes(contents) if change.new in contents]
    times = history.facts(history.commits[change.commit] for change in changes)
    known: dict[tuple[int, str], Sealed | None] = {}
    occasions = []
    for change in changes:
        form = format_of(change.path)
        if (change.new, form.id) not in known:
            known[change.new, form.id] = sealed(contents[change.new], form)
        found = known[change.new, form.id]
        commit = history.commits[change.commit]
        if found is not None:
            fact = times.get(commit)
            occasions.append(Occasion(change.path, commit, fact.date if fact is not None else "", found))
    return Past(repository.top, tuple(occasions), whole=not (history.broken or repository.shallow))
