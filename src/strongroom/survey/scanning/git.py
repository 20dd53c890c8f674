"""A scan of a repository's history, and of what is about to be committed."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import msgspec

from strongroom.errors import SourceError
from strongroom.model.origin import Origin
from strongroom.model.plaintext import Fingerprint
from strongroom.model.skipped import Reason, Skipped
from strongroom.sources.git import Repository, find
from strongroom.sources.git_history import Change, History, Scope
from strongroom.sources.git_index import Staged, contents, staged
from strongroom.sources.git_objects import Version
from strongroom.survey.scanning.archives import Archives
from strongroom.survey.scanning.blobs import Blobs
from strongroom.survey.scanning.files import is_text
from strongroom.survey.scanning.findings import Held
from strongroom.survey.scanning.hit import Hit
from strongroom.survey.scanning.request import Scanned, ScanRequest
from strongroom.survey.scanning.threads import in_threads

LARGEST = 32 << 20
"""Larger contents in a history are passed over: Git services refuse files from 100 MB, and warn at half of it."""


class _Result(NamedTuple):
    number: int
    hits: list[Hit]


class Searched(NamedTuple):
    """What contents hold, by their numbers in the history; and that history."""

    hits: dict[int, list[Hit]]
    history: History
    scope: Scope


def read_history(request: ScanRequest, blobs: Blobs) -> Scanned:
    """Scan the history of each repository that is named.

    Raises:
        SourceError: a path is in no repository, or the repository has no commits.
        UsageError: a revision does not exist.
    """
    scanned = Scanned()
    seen: set[tuple[str, str]] = set()
    for source in request.paths:
        repository = find(source)
        identity = (str(repository.git_dir.resolve()), repository.within)
        if identity not in seen:
            seen.add(identity)
            _read(source, repository, request, blobs, scanned)
    return scanned


def _read(source: str, repository: Repository, request: ScanRequest, blobs: Blobs, scanned: Scanned) -> None:
    expand(search(source, repository, request, blobs, scanned), scanned)


def search(
    source: str,
    repository: Repository,
    request: ScanRequest,
    blobs: Blobs,
    scanned: Scanned,
    wanted: Callable[[bytes], bool] = lambda _: True,
) -> Searched:
    """Look at the contents that a history holds.

    Args:
        source: the repository as it was named.
        repository: the same, found.
        request: which part of the history.
        blobs: what looks at contents.
        scanned: takes what could not be read, and what is to be noted.
        wanted: tells by the id of an object whether its contents are looked at.

    Raises:
        SourceError: the chosen history has no commit.
        UsageError: a revision does not exist.
    """
    blobs.remember()
    scope = _scope(repository, request)
    largest = min(request.max_bytes, LARGEST)
    history = History(repository, scope, largest=largest, wanted=wanted)
    unread: list[Version] = []
    archives = Archives(blobs, request.archive_depth)
    with blobs.beside(request.processes):
        results = in_threads(
            _readable(history, unread, scanned, archives),
            lambda version: _look(version, source, blobs, archives, scanned),
            size=lambda version: version.size,
        )
    if not history.commits and not history.broken and not scope.since:
        raise SourceError(
            f"no commit in the chosen history of {source} changes a file", hint="git log says what is there"
        )
    scanned.skipped += _skips(source, repository, history, unread, largest)
    if history.submodules:
        scanned.notes.append(f"{len(history.submodules)} submodules: repositories of their own, not read")
    scanned.notes.append(f"history of {source}: {len(history.commits):,} commits that change files")
    found = {result.number: result.hits for result in results}
    for number, hit in blobs.finish():
        found[number] = [*found.get(number, ()), hit]
    return Searched(found, history, scope)


def _scope(repository: Repository, request: ScanRequest) -> Scope:
    since = repository.commit(request.since) if request.since else ""
    if request.all_refs and not repository.has_commits():
        return Scope((), all_refs=True, since=since)
    if not request.branch and not repository.has_commits():
        raise SourceError("the repository has no commits", hint="--staged scans what is about to be committed")
    start = repository.commit(request.branch or "HEAD")
    return Scope((start,), request.all_refs, since)


def _readable(history: History, unread: list[Version], scanned: Scanned, archives: Archives) -> Iterator[Version]:
    for version in history.versions():
        if version.data is None:
            unread.append(version)
        elif is_text(version.data) or archives.opens(version.data):
            scanned.files += 1
            yield version


def _look(version: Version, source: str, blobs: Blobs, archives: Archives, scanned: Scanned) -> _Result | None:
    data, origin = version.data or b"", Origin(source, version.path)
    if archives.opens(data):
        hits = archives.look(io.BytesIO(data), origin, scanned.skipped.append)
    else:
        hits = blobs.look(version.path, data, origin, version.number)
    return _Result(version.number, hits) if hits else None


def _skips(
    source: str, repository: Repository, history: History, unread: Iterable[Version], largest: int
) -> Iterator[Skipped]:
    for version in unread:
        if version.size < 0:
            yield Skipped(version.path, 0, 0, Reason.UNREADABLE, "the object is missing or broken")
        else:
            yield Skipped(version.path, 0, 0, Reason.TOO_LARGE, f"more than {largest >> 20} MiB in the history")
    if history.broken:
        yield Skipped(source, 0, 0, Reason.UNREADABLE, "a commit or a tree is missing or broken; git fsck says more")
    if repository.shallow:
        yield Skipped(source, 0, 0, Reason.SHALLOW, "git fetch --unshallow brings the rest")


def expand(searched: Searched, scanned: Scanned) -> None:
    """Give hits their commits: every change that brought in their contents is a place, the oldest first."""
    hits, history, scope = searched
    if not hits:
        return
    changes = list(history.changes(hits))
    holding: dict[Fingerprint, set[int]] = {}
    for number, found in hits.items():
        for hit in found:
            holding.setdefault(hit.fingerprint, set()).add(number)
    for change in reversed(changes):
        commit = history.commits[change.commit]
        for hit in hits.get(change.new, ()):
            origin = msgspec.structs.replace(hit.origin, path=change.path + hit.inside, commit=commit)
            scanned.hits.append(msgspec.structs.replace(hit, origin=origin))
    scanned.held |= _held(holding, changes, history, scope)


def _held(
    holding: dict[Fingerprint, set[int]], changes: list[Change], history: History, scope: Scope
) -> dict[Fingerprint, Held]:
    tip = scope.starts[0] if scope.starts else ""
    at_tip = history.at_tip(tip) if tip else set[int]()
    newest: dict[int, int] = {}  # contents: the newest commits that brought them in, and took them away
    oldest: dict[int, int] = {}
    for change in changes:
        newest.setdefault(change.new, change.commit)
        oldest[change.new] = change.commit
    removed = _removals(holding, changes)
    parents = history.parents(history.commits[commit] for commit in set(removed.values()))
    spans: dict[Fingerprint, tuple[str, str, bool]] = {}
    for value, numbers in holding.items():
        first = history.commits[max(oldest[n] for n in numbers if n in oldest)]
        last = history.commits[min(newest[n] for n in numbers if n in newest)]
        present = not numbers.isdisjoint(at_tip)
        if present:
            last = tip
        elif value in removed and removed[value] < min(newest[n] for n in numbers if n in newest):
            last = parents.get(history.commits[removed[value]], last)
        spans[value] = (first, last, present)
    facts = history.facts(id_ for first, last, _ in spans.values() for id_ in (first, last))
    return {value: Held(facts[first], facts[last], present) for value, (first, last, present) in spans.items()}


def _removals(holding: dict[Fingerprint, set[int]], changes: list[Change]) -> dict[Fingerprint, int]:
    """Return the newest commit that took each value out of a file."""
    values: dict[int, list[Fingerprint]] = {}
    for value, numbers in holding.items():
        for number in numbers:
            values.setdefault(number, []).append(value)
    removed: dict[Fingerprint, int] = {}
    for change in changes:
        for value in values.get(change.old, ()):
            if change.new not in holding[value]:
                removed.setdefault(value, change.commit)
    return removed


def read_staged(request: ScanRequest, blobs: Blobs) -> Scanned:
    """Scan what is about to be committed: of changed files, the values that HEAD does not hold in them already.

    Raises:
        SourceError: a path is in no repository, or its index cannot be read.
    """
    scanned = Scanned()
    for source in request.paths:
        repository = find(source)
        files = staged(repository)
        archives = Archives(blobs, request.archive_depth)
        found = []
        for version in contents(repository, [file.new for file in files], request.max_bytes):
            path = files[version.number].path
            if version.data is None:
                why = Reason.TOO_LARGE if version.size >= 0 else Reason.UNREADABLE
                scanned.skipped.append(Skipped(path, 0, 0, why))
            elif archives.opens(version.data) or is_text(version.data):
                scanned.files += 1
                hits = _staged(path, version.data, Origin(source, path), blobs, archives, scanned)
                if hits:
                    found.append((files[version.number], hits))
        scanned.hits += _new(found, repository, request, blobs, archives, scanned)
    return scanned


def _staged(path: str, data: bytes, origin: Origin, blobs: Blobs, archives: Archives, scanned: Scanned) -> list[Hit]:
    if archives.opens(data):
        return archives.look(io.BytesIO(data), origin, scanned.skipped.append)
    return blobs.look(path, data, origin)


def _new(
    found: list[tuple[Staged, list[Hit]]],
    repository: Repository,
    request: ScanRequest,
    blobs: Blobs,
    archives: Archives,
    scanned: Scanned,
) -> Iterator[Hit]:
    old = [(file, hits) for file, hits in found if file.old]
    before: dict[str, set[Fingerprint]] = {}
    for version in contents(repository, [file.old for file, _ in old], request.max_bytes) if old else ():
        path = old[version.number][0].path
        hits = _staged(path, version.data or b"", Origin("", path), blobs, archives, scanned)
        before[path] = {hit.fingerprint for hit in hits}
    for file, hits in found:
        for hit in hits:
            if hit.fingerprint in before.get(file.path, ()):
                scanned.suppressed["committed"] = scanned.suppressed.get("committed", 0) + 1
            else:
                yield hit
