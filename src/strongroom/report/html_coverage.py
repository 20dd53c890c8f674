"""The controls that findings answer to, and what was read, as the HTML report shows them."""

from __future__ import annotations

from collections import Counter, defaultdict

import msgspec

from strongroom.model.finding import Severity
from strongroom.model.report import Report
from strongroom.model.skipped import Reason, Skipped
from strongroom.report.html_charts import WORST_FIRST
from strongroom.report.html_findings import Link
from strongroom.report.html_text import MESSAGE_LIMIT, PATH_LIMIT, Anchors, show

SKIPPED_LIMIT = 500
"""Things left out that are listed for each reason."""

NOTE_LIMIT = 200
"""Notes on how things were read that are listed."""

_WEB = ("https://", "http://")


class Control(msgspec.Struct, frozen=True):
    """One control and the findings against it."""

    anchor: str
    id: str
    title: str
    url: str
    counts: tuple[tuple[str, int], ...]
    count: int
    checks: tuple[Link, ...]


class StandardView(msgspec.Struct, frozen=True):
    """One standard and its controls."""

    name: str
    controls: tuple[Control, ...]


class SkippedView(msgspec.Struct, frozen=True):
    """What was left out for one reason."""

    reason: str
    problem: bool
    count: int
    items: tuple[tuple[str, str], ...]
    hidden: int


class CoverageView(msgspec.Struct, frozen=True):
    """What was read and what not."""

    numbers: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]
    notes_hidden: int
    skipped: tuple[SkippedView, ...]
    problems: int
    suppressed: tuple[tuple[str, int], ...]


def control_links(report: Report, anchors: Anchors) -> dict[str, Link]:
    """Give every control that a finding names an id."""
    named = sorted({name for finding in report.findings for name in finding.standards})
    return {name: Link(show(name), anchors.take("control", name)) for name in named}


def standards(report: Report, links: dict[str, Link], checks: dict[str, str]) -> tuple[StandardView, ...]:
    """Return the standards with their controls; ``checks`` are the ids of the checks' sections, by check."""
    counts: dict[str, Counter[Severity]] = defaultdict(Counter)
    against: dict[str, Counter[str]] = defaultdict(Counter)
    for finding in report.findings:
        for name in finding.standards:
            counts[name][finding.severity] += 1
            against[name][finding.id] += 1
    groups: dict[str, list[Control]] = defaultdict(list)
    for name, link in links.items():
        standard = report.standards.get(name)
        url = standard.url if standard and standard.url.startswith(_WEB) else ""
        control = Control(
            anchor=link.target,
            id=link.label,
            title=show(standard.title, MESSAGE_LIMIT) if standard else "",
            url=show(url, PATH_LIMIT),
            counts=tuple((s.label, counts[name][s]) for s in WORST_FIRST if counts[name][s]),
            count=counts[name].total(),
            checks=tuple(Link(show(check), checks.get(check, "")) for check, _ in against[name].most_common()),
        )
        groups[show(standard.standard) if standard else "Other"].append(control)
    return tuple(StandardView(name, tuple(controls)) for name, controls in sorted(groups.items()))


def coverage(report: Report) -> CoverageView:
    """Return what was read and, by reason, what was not: problems first."""
    read = report.coverage
    groups: dict[tuple[bool, Reason], list[Skipped]] = defaultdict(list)
    for skipped in report.skipped:
        groups[(not skipped.problem, skipped.reason)].append(skipped)
    order = list(Reason)
    return CoverageView(
        numbers=(
            ("files read", read.files),
            ("documents", read.documents),
            ("Kubernetes objects", read.objects),
            ("other documents", read.other_documents),
            ("files of other kinds, not opened", read.other_files),
        ),
        notes=tuple(show(note, MESSAGE_LIMIT) for note in read.notes[:NOTE_LIMIT]),
        notes_hidden=max(len(read.notes) - NOTE_LIMIT, 0),
        skipped=tuple(
            _skipped(reason, not asked, found)
            for (asked, reason), found in sorted(groups.items(), key=lambda g: (g[0][0], order.index(g[0][1])))
        ),
        problems=sum(skipped.problem for skipped in report.skipped),
        suppressed=tuple((show(why), count) for why, count in sorted(report.suppressed.items()) if count),
    )


def _skipped(reason: Reason, problem: bool, found: list[Skipped]) -> SkippedView:
    items = tuple((_where(one), show(one.detail, MESSAGE_LIMIT)) for one in found[:SKIPPED_LIMIT])
    return SkippedView(reason.value, problem, len(found), items, len(found) - len(items))


def _where(skipped: Skipped) -> str:
    path = show(skipped.path, PATH_LIMIT)
    return f"{path}:{skipped.line}:{skipped.column}" if skipped.line else path
