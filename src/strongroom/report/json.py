"""JSON: the whole report for programs, as ``schema/report-v1.json`` describes it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from strongroom.model.report import Report
from strongroom.report.document import document
from strongroom.report.sanitise import json_text


def render(report: Report) -> Iterator[str]:
    """Yield the JSON document, indented by two spaces; the same report gives the same text."""
    yield dump(document(report))


def dump(value: object) -> str:
    """Write a value as indented JSON that is safe to show in a terminal; ends with a line feed."""
    return json_text(msgspec.json.format(msgspec.json.encode(value), indent=2).decode()) + "\n"
