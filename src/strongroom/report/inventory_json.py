"""The inventory as JSON: the ``inventory`` of the report without its findings, as ``schema/inventory-v1.json`` says."""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.report import Report
from strongroom.report.document import inventory
from strongroom.report.json import dump


def render(report: Report) -> Iterator[str]:
    """Yield the JSON document; the same report gives the same text."""
    yield dump(inventory(report))
