"""One run of ``strongroom scan``: read, look, group, report."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, BinaryIO

import msgspec

import strongroom
from strongroom.model.finding import Finding
from strongroom.model.report import Report
from strongroom.model.settings import Settings
from strongroom.model.skipped import Coverage
from strongroom.survey.scanning.blobs import Blobs
from strongroom.survey.scanning.findings import findings_of, pages
from strongroom.survey.scanning.known_scan import joined_with_known, marked
from strongroom.survey.scanning.request import Scanned, ScanRequest
from strongroom.survey.verify import summary, verified


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
        from strongroom.survey.scanning.files import read_stream

        return read_stream(blobs, stdin)
    if request.staged or request.history:
        from strongroom.survey.scanning import git as scan_git

        return scan_git.read_staged(request, blobs) if request.staged else scan_git.read_history(request, blobs)
    from strongroom.survey.scanning.files import read_paths

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
