"""An answer about access as CSV (RFC 4180)."""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.access_report import AccessReport
from strongroom.report.access_tables import table
from strongroom.report.csv import rows


def render(report: AccessReport) -> Iterator[str]:
    """Yield the header and one row for each line of the answer."""
    found = table(report)
    yield from rows(found.header, found.rows)
