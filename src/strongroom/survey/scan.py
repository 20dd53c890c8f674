"""One run of ``strongroom scan``: read, look, group, report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, BinaryIO

import msgspec

import strongroom
from strongroom.model.finding import Finding
from strongroom.model.plaintext import Fingerprint
from strongroom.model.report import Report
from strongroom.model.settings import Settings
from strongroom.model.skipped import Coverage, Skipped
from strongroom.survey.known_scan import joined_with_known, marked
from strongroom.survey.scan_blobs import Blobs
from strongroom.survey.scan_findings import Held, findings_of, pages
from strongroom.survey.scan_hit import Hit
from strongroom.survey.verify import summary, verified

LARGEST = 256 << 20


class ScanRequest(msgspec.Struct, frozen=True):
    """What a user asks of one scan.

    Attributes:
        paths: files and folders; repositories where the history is asked for.
        key: the fingerprint key.
        settings: thresholds, severities.
        stdin: read standard input instead.
        history, staged: read the history, or what is about to be committed.
        since, branch, all_refs: which part of the history.
        gitignore: honour ``.gitignore``.
        archive_depth: how many archives inside each other are opened.
        max_bytes: larger files are passed over, and said to be.
        processes: how many processes read documents beside the threads, where there are many.
        progress: called with what is being done.
        now: the time of the run.
    """

    paths: tuple[str, ...]
    key: bytes
    settings: Settings = Settings()
    stdin: bool = False
    history: bool = False
    staged: bool = False
    since: str = ""
    branch: str = ""
    all_refs: bool = False
    gitignore: bool = True
    archive_depth: int = 4
    max_bytes: int = LARGEST
    processes: int = 0
    progress: Callable[[str], None] = lambda _: None
    now: datetime | None = None


class Scanned(msgspec.Struct):
    """What reading gave: hits in the order in which places are named, and what was read."""

    hits: list[Hit] = []
    held: dict[Fingerprint, Held] = {}
    skipped: list[Skipped] = []
    files: int = 0
    notes: list[str] = []
    suppressed: dict[str, int] = {}


def scan(request: ScanRequest, blobs: Blobs, stdin: BinaryIO | None = None) -> Report:
    """Look for secret values and report them.

    Args:
        request: what is asked.
        blobs: what looks at contents; its rules may be loading.
        stdin: standard input, where that is what is read.

    Raises:
        StrongroomError: a source cannot be read at all, or the rules cannot be loaded.
    """
    scanned = read(request, blobs, stdin)
    if blobs.known:
        scanned.hits = joined_with_known(scanned.hits, blobs.known.known)
        scanned.notes += blobs.known.known.notes
    found = findings_of(blobs.acceptance.uncovered(scanned.hits), scanned.held, pending=request.staged)
    if blobs.known:
        found = [marked(finding, blobs.known.known) for finding in found]
    if blobs.verifier:
        outcomes = blobs.outcomes(finding.value for finding in found if finding.value)
        found = verified(found, outcomes)
        scanned.notes.append(summary(outcomes))
    scanned.suppressed.update(blobs.acceptance.suppressed)
    scanned.skipped += [*blobs.acceptance.skipped(), *blobs.unread.values()]
    return report_of(request, scanned, found)


def read(request: ScanRequest, blobs: Blobs, stdin: BinaryIO | None = None) -> Scanned:
    """Read what is asked for. Arguments and errors as for `scan`."""
    if request.stdin:
        from strongroom.survey.scan_files import read_stream

        return read_stream(blobs, stdin)
    if request.staged or request.history:
        from strongroom.survey import scan_git

        return scan_git.read_staged(request, blobs) if request.staged else scan_git.read_history(request, blobs)
    from strongroom.survey.scan_files import read_paths

    return read_paths(request, blobs)


def report_of(request: ScanRequest, scanned: Scanned, findings: Iterable[Finding]) -> Report:
    """Return the report of a scan."""
    kept = [_judged(finding, request.settings) for finding in findings]
    now = request.now or datetime.now(UTC)
    return Report(
        tool=f"strongroom {strongroom.__version__}",
        sources=("-",) if request.stdin else request.paths,
        findings=tuple(sorted(kept, key=order)),
        secrets=(),
        sightings=(),
        suppressed=scanned.suppressed,
        skipped=tuple(sorted(scanned.skipped)),
        coverage=Coverage(files=scanned.files, notes=tuple(scanned.notes)),
        checks=pages(kept),
        standards={},
        fail_on=request.settings.fail_on,
        created=now.astimezone(UTC).isoformat(timespec="seconds"),
        leaks_only=True,
    )


def _judged(finding: Finding, settings: Settings) -> Finding:
    severity = settings.severities.get(finding.id)
    return finding if severity is None else msgspec.structs.replace(finding, severity=severity)


def order(finding: Finding) -> tuple[Any, ...]:
    """Return how findings follow each other in a report: the worst first, then by place."""
    origin = finding.origin
    return -finding.severity, origin.path, origin.line, origin.column, finding.id, finding.fingerprint
