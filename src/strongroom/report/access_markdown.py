"""An answer about access as Markdown: a heading, a table, and what was left out."""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.access_report import AccessReport
from strongroom.report.access_tables import table
from strongroom.report.markdown import MOST_CHARACTERS, escaped
from strongroom.report.wording import plural

_HEADINGS = {
    "exposure": "Who reaches which Secret",
    "reach": "What an identity reaches",
    "paths": "Shortest paths",
    "diff": "Who reaches what they did not before",
    "review": "Access review",
    "what-if": "What would change",
}
_CELL = 300


def render(report: AccessReport) -> Iterator[str]:
    """Yield the page; rows that would make a comment too long are counted, except in a review, which is kept whole."""
    about = f": {escaped(report.about)}" if report.about else ""
    yield f"## {_HEADINGS[report.question]}{about}\n\n"
    found = table(report)
    header = f"| {' | '.join(found.header)} |\n|{'---|' * len(found.header)}\n"
    room = MOST_CHARACTERS - len(header)
    unsaid = said = 0
    for row in found.rows:
        written = f"| {' | '.join(escaped(cell, _CELL) for cell in row)} |\n"
        room -= len(written)
        if room < 0 and report.question != "review":
            unsaid += 1
            continue
        yield written if said else header + written
        said += 1
    if not said:
        yield "Nobody.\n"
    if unsaid:
        yield f"\n_{plural(unsaid, 'further line')}: `--format csv` has all of them._\n"
    if report.left_out and not report.conditional:
        yield f"\n_{plural(report.left_out, 'step')} that work only under a condition are left out._\n"
    yield f"\n_{escaped(report.tool)}, {report.created[:10]}, {escaped(', '.join(report.sources))}_\n"
