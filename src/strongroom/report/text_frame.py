"""A line of a file with a mark under the place that a finding speaks of."""

from __future__ import annotations

from typing import NamedTuple

from rich.text import Text

from strongroom.model.finding import Finding
from strongroom.report.sanitise import line
from strongroom.report.text_layout import MARK_STYLE, cells

_CONTEXT = 16
_LONGEST = 10_000


class _Cut(NamedTuple):
    """The parts of a line that are shown: before the place, the place, after it."""

    before: str
    marked: str
    after: str


def frame(finding: Finding, indent: int, width: int) -> list[Text]:
    """Return the code frame of a finding: the line, and a line of marks where its column lies inside; else nothing.

    The line keeps its shape but loses its own indentation; one that is too long is shown around the place.
    """
    if not any(character.isalnum() for character in finding.frame):
        return []  # no line, or one that is masked as a whole
    number = str(finding.origin.line)
    gutter = f"{number} │ "
    cut = _fit(_cut(finding), width - indent - len(gutter))
    shown = [Text.assemble(" " * indent, (gutter, "dim"), cut.before + cut.marked + cut.after)]
    if cut.marked.strip():
        marks = "^" * max(cells(cut.marked), 1)
        blank = " " * (indent + len(number))
        style = MARK_STYLE[finding.severity]
        shown.append(Text.assemble(blank, (" │ ", "dim"), " " * cells(cut.before), (marks, style)))
    return shown


def _cut(finding: Finding) -> _Cut:
    text = finding.frame.partition("\n")[0].rstrip().replace("\t", " ")
    column, end = finding.origin.column - 1, len(text)
    if finding.origin.end_line == finding.origin.line and finding.origin.end_column > finding.origin.column:
        end = min(end, finding.origin.end_column - 1)
    indentation = min(len(text) - len(text.lstrip()), column)
    before, marked = text[indentation:column], text[column:end]
    # Only the neighbourhood can be shown; a minified file would make every step below slow.
    return _Cut(
        line(before, _LONGEST), line(marked.rstrip(), _LONGEST), line(text[column + len(marked.rstrip()) :], _LONGEST)
    )


def _fit(cut: _Cut, room: int) -> _Cut:
    before, marked, after = cut
    if cells(before + marked + after) <= room:
        return cut
    if cells(before) > room // 2:
        before = "…" + before[-min(_CONTEXT, room // 4) :]
    marked = _shorten(marked, room - cells(before))
    return _Cut(before, marked, _shorten(after, room - cells(before + marked)))


def _shorten(text: str, room: int) -> str:
    if cells(text) <= room:
        return text
    if room < 1:
        return ""
    kept = text[: room - 1]
    while cells(kept) > room - 1:
        kept = kept[:-1]
    return kept + "…"
