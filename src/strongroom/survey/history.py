"""``audit git:PATH``: the files of a repository and the leaks of its history, in one report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from strongroom.leaks.library import Library
from strongroom.model.finding import Finding
from strongroom.model.plaintext import Fingerprint
from strongroom.model.skipped import Skipped
from strongroom.sources.git import find
from strongroom.survey.scanning.blobs import Blobs
from strongroom.survey.scanning.findings import findings_of
from strongroom.survey.scanning.request import ScanRequest
from strongroom.survey.scanning.scan import read

PREFIX = "git:"


class Leaks(msgspec.Struct, frozen=True):
    """What the histories hold."""

    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()


def trees(sources: Iterable[str]) -> tuple[str, ...]:
    """Return the sources with each ``git:PATH`` as the path of its files; a bare repository has none.

    Raises:
        SourceError: a path is in no repository.
    """
    return tuple(tree for source in sources for tree in (_tree(source) if source.startswith(PREFIX) else (source,)))


def _tree(source: str) -> tuple[str, ...]:
    path = source.removeprefix(PREFIX) or "."
    return (path,) if (find(path).top / ".git").exists() and Path(path).name != ".git" else ()


def leaks_of(sources: Iterable[str], key: bytes, library: Library) -> Leaks:
    """Return what the histories of the sources that are ``git:PATH`` hold.

    Raises:
        SourceError: a path is in no repository, or it has no commits.
    """
    paths = tuple(source.removeprefix(PREFIX) or "." for source in sources if source.startswith(PREFIX))
    if not paths:
        return Leaks()
    blobs = Blobs(key, library)
    scanned = read(ScanRequest(paths, key, history=True), blobs)
    found = findings_of(blobs.acceptance.uncovered(scanned.hits), scanned.held)
    skipped = (*scanned.skipped, *blobs.acceptance.skipped())
    return Leaks(tuple(found), skipped, tuple(scanned.notes))


def with_history(findings: Sequence[Finding], leaks: Leaks) -> tuple[list[Finding], list[Finding]]:
    """Join: a value that a finding of the files is about gets what the history says of it; the rest stands alone.

    Returns:
        The findings of the files, and the leaks that only the history holds.
    """
    held: dict[Fingerprint, Finding] = {leak.value: leak for leak in leaks.findings if leak.value}
    met: set[Fingerprint] = set()
    joined = []
    for finding in findings:
        leak = held.get(finding.value) if finding.value else None
        if leak is not None and leak.value is not None:
            met.add(leak.value)
            finding = msgspec.structs.replace(finding, leak=leak.leak)
        joined.append(finding)
    return joined, [leak for leak in leaks.findings if leak.value not in met]
