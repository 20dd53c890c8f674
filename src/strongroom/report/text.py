"""Text for a terminal or a pipe: what to do first, the findings by practice, what was read, and the verdict."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from strongroom.model.report import Report
from strongroom.report.actions import MOST_ACTIONS, actions
from strongroom.report.outcome import explained
from strongroom.report.terminal import Terminal
from strongroom.report.text_coverage import coverage
from strongroom.report.text_findings import counts, listed, sections
from strongroom.report.text_layout import MARK_STYLE, Layout
from strongroom.report.wording import plural

_IN_DETAIL = 3  # deeds that may take two lines
_SUPPRESSED = {
    "ignored": "ignored",
    "baseline": "in the baseline",
    "committed": "committed before",
    "pedantic": "for pedants (--pedantic)",
}


def render(report: Report, terminal: Terminal) -> Iterator[str]:
    """Yield the report section by section; no line is wider than the terminal."""
    layout = Layout(terminal)
    if report.findings:
        yield "".join(_first(report, layout))
    yield from sections(report.findings, layout)
    yield "".join(coverage(report, layout))
    if report.findings:
        more = "; --verbose lists what to do about each leak" if _leaks_unsaid(report, layout) else ""
        yield layout.put((f"strongroom explain ID says why it matters and what to do instead{more}.", "dim"))
    yield verdict(report, layout)


def _leaks_unsaid(report: Report, layout: Layout) -> bool:
    return not layout.verbose and any(finding.leak for finding in report.findings)


def _first(report: Report, layout: Layout) -> Iterator[str]:
    """Yield the deeds that fit into ten lines."""
    yield layout.put(("Do first", "bold"))
    todo = actions(report)
    room = MOST_ACTIONS
    for number, action in enumerate(todo, start=1):
        lead = Text.assemble("  ", (f"{number:>{len(str(len(todo)))}}", MARK_STYLE[action.severity]), "  ")
        most = min(room, 2 if number <= _IN_DETAIL or 2 * len(todo) <= MOST_ACTIONS else 1)
        phrases = {layout.count(phrase, indent=lead.cell_len): phrase for phrase in map(action.phrase, range(4))}
        lines = max((lines for lines in phrases if lines <= most), default=0)
        if not lines:
            break
        room -= lines
        yield layout.put(phrases[lines], lead=lead)
    yield "\n"


def verdict(report: Report, layout: Layout) -> str:
    """Return the last lines: counts by severity, what was left out, and what the exit code says."""
    parts: list[str | tuple[str, str]] = []
    if report.findings:
        parts += [(plural(len(report.findings), "finding"), "bold"), ": ", *listed(counts(report.findings)), ". "]
    else:
        parts += [("No findings", "bold green"), ". "]
    left_out = [
        f"{number:,} {_SUPPRESSED.get(why, why)}" for why, number in sorted(report.suppressed.items()) if number
    ]
    if left_out:
        parts += [f"Left out: {', '.join(left_out)}. "]
    return layout.put(*parts, explained(report, strict=layout.strict))
