"""CSV (RFC 4180): one row per finding, for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from strongroom.model.finding import Finding
from strongroom.model.leak import Leak
from strongroom.model.origin import show_path
from strongroom.model.plaintext import short
from strongroom.model.report import Report
from strongroom.report.sanitise import csv_cell

COLUMNS = (
    "severity",
    "confidence",
    "id",
    "title",
    "message",
    "kind",
    "namespace",
    "name",
    "path",
    "line",
    "column",
    "field",
    "practice",
    "audience",
    "standards",
    "value",
    "rule",
    "fingerprint",
    "commit",
    "masked",
    "entropy",
    "places",
    "first_commit",
    "last_commit",
    "verified",
)


def render(report: Report) -> Iterator[str]:
    """Yield the header and one row per finding, in the order of the report."""
    return rows(COLUMNS, (_row(finding) for finding in report.findings))


def rows(header: Sequence[str], body: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield lines of CSV; no cell is taken for a formula."""
    for row in (header, *body):
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(csv_cell(cell) for cell in row)
        yield line.getvalue()


def _row(finding: Finding) -> Sequence[str]:
    resource, place = finding.resource, finding.origin
    field = show_path(place.field)
    return (
        finding.severity.label,
        finding.confidence.label,
        finding.id,
        finding.title,
        finding.message,
        resource.kind if resource else "",
        resource.namespace if resource else "",
        resource.name if resource else "",
        place.path or place.source,
        str(place.line),
        str(place.column),
        f"{field}: {place.inner}" if place.inner else field,
        finding.practice.value,
        finding.audience.value,
        " ".join(finding.standards),
        short(finding.value) if finding.value else "",
        finding.rule,
        finding.fingerprint,
        place.commit,
        *_leak(finding.leak),
    )


def _leak(leak: Leak | None) -> Sequence[str]:
    if leak is None:
        return ("",) * 6
    first, last = (one.show() if one else "" for one in (leak.first, leak.last))
    return leak.masked, str(leak.entropy), str(leak.places), first, last, leak.verified
