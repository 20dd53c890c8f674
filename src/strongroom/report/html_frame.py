"""The line of a file that a finding points at, cut where its place begins and ends."""

from __future__ import annotations

import msgspec

from strongroom.model.finding import Finding
from strongroom.report.html_text import show

BEFORE, MARKED, AFTER = 120, 240, 120
"""Characters of a line that are shown before, inside and after the place: a minified file is one line of megabytes."""

FURTHER_LINES = 8
"""Lines that are shown below the first, where a frame has them."""


class Frame(msgspec.Struct, frozen=True):
    """A code frame; ``marked`` is the part that the finding is about."""

    number: int
    before: str
    marked: str
    after: str
    further: tuple[tuple[int, str], ...] = ()


def frame_of(finding: Finding) -> Frame | None:
    """Return the code frame of a finding without its own indentation; None where the finding has none."""
    if not finding.frame.strip():
        return None
    first, *rest = finding.frame.rstrip().split("\n", FURTHER_LINES + 1)
    origin = finding.origin
    indent = len(first) - len(first.lstrip())
    start = max(origin.column - 1, indent)
    known = origin.end_line == origin.line and origin.end_column > origin.column
    end = origin.end_column - 1 if known else len(first.rstrip())
    return Frame(
        number=origin.line,
        before=_near_end(first[min(indent, start) : start]),
        marked=show(first[start:end], MARKED),
        after=_near_start(first[max(start, end) :].rstrip()),
        further=tuple(
            (origin.line + 1 + index, show(_dedent(text, indent), MARKED))
            for index, text in enumerate(rest[:FURTHER_LINES])
        ),
    )


def _dedent(text: str, indent: int) -> str:
    return text[indent:] if not text[:indent].strip() else text.lstrip()


def _near_end(text: str) -> str:
    text = text.replace("\t", " ")
    return show(text) if len(text) <= BEFORE else "…" + show(text[-BEFORE:])


def _near_start(text: str) -> str:
    return show(text) if len(text) <= AFTER else show(text[:AFTER]) + "…"
