"""Findings as the HTML report shows them: by practice, then by check, then case by case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
from markupsafe import Markup

from strongroom.model.finding import Confidence, Finding, Practice, Severity
from strongroom.model.leak import Leak
from strongroom.model.plaintext import short
from strongroom.model.report import Report
from strongroom.report.html_charts import WORST_FIRST
from strongroom.report.html_frame import Frame, frame_of
from strongroom.report.html_text import MESSAGE_LIMIT, Anchors, Prose, field_path, place, show

FINDING_LIMIT = 5_000
"""Findings that one page shows: about 6 MB of HTML, which browsers still scroll and filter without delay."""

FAIR_SHARE = 50
"""Findings that every check may show before the rest of the room is given out by severity."""

FIRST_CASES = 8
"""Cases of a check that are shown before a fold."""

RELATED_LIMIT = 8
"""Further places that one case lists."""


class Link(msgspec.Struct, frozen=True):
    """A name and the id of the page or row that it leads to; no id where that is not part of the report."""

    label: str
    target: str = ""


class Case(msgspec.Struct, frozen=True):
    """One finding."""

    anchor: str
    index: int
    severity: str
    confidence: str
    message: str
    place: str
    field: str
    commit: str
    rendered_by: str
    resource: str
    frame: Frame | None
    value: str
    rule: str
    related: tuple[tuple[str, str], ...]
    related_more: int
    masked: str
    entropy: str
    commits: str
    todo: tuple[str, ...]
    secrets: tuple[Link, ...]


class CheckView(msgspec.Struct, frozen=True):
    """One check and its cases."""

    anchor: str
    id: str
    title: str
    severity: str
    counts: tuple[tuple[str, int], ...]
    count: int
    opened: bool
    why: Markup
    instead: Markup
    references: Markup
    standards: tuple[Link, ...]
    first: tuple[Case, ...]
    rest: tuple[Case, ...]
    hidden: int


class PracticeView(msgspec.Struct, frozen=True):
    """One practice and its checks, the worst first."""

    anchor: str
    title: str
    count: int
    checks: tuple[CheckView, ...]


def choose(findings: Sequence[Finding], limit: int = FINDING_LIMIT, fair: int = FAIR_SHARE) -> tuple[int, ...]:
    """Return the indices of the findings that the page shows.

    All, up to the limit. Beyond it every check keeps a few, so that a flood of one does not hide another, and the rest
    of the room goes to the first findings: reports are ordered by severity.
    """
    if len(findings) <= limit:
        return tuple(range(len(findings)))
    seen: Counter[str] = Counter()
    kept: set[int] = set()
    for index, finding in enumerate(findings):
        seen[finding.id] += 1
        if seen[finding.id] <= fair and len(kept) < limit:
            kept.add(index)
    for index in range(len(findings)):
        if len(kept) >= limit:
            break
        kept.add(index)
    return tuple(sorted(kept))


def anchors_of(findings: Sequence[Finding], shown: Sequence[int], anchors: Anchors) -> dict[int, str]:
    """Give each shown finding an id that stays the same from run to run: a part of its fingerprint."""
    return {index: anchors.take("finding", findings[index].fingerprint[:12]) for index in shown}


class Findings:
    """Builds the views of one report's findings.

    Args:
        report: the report.
        ids: the ids of the findings that are shown, by index.
        secrets: the links to the Secrets that a finding is about, by index.
        standards: the links to the controls, by id.
        anchors: where the other ids come from.
    """

    def __init__(
        self,
        report: Report,
        ids: dict[int, str],
        secrets: dict[int, tuple[Link, ...]],
        standards: dict[str, Link],
        anchors: Anchors,
    ) -> None:
        self._report = report
        self._ids = ids
        self._secrets = secrets
        self._standards = standards
        self._anchors = anchors
        self._prose = Prose()

    def practices(self) -> tuple[PracticeView, ...]:
        """Return the practices that have findings, in their fixed order."""
        indices: dict[Practice, dict[str, list[int]]] = {practice: {} for practice in Practice}
        for index, finding in enumerate(self._report.findings):
            indices[finding.practice].setdefault(finding.id, []).append(index)
        return tuple(self._practice(practice, checks) for practice, checks in indices.items() if checks)

    def _practice(self, practice: Practice, checks: dict[str, list[int]]) -> PracticeView:
        worst = {check: max(self._report.findings[i].severity for i in found) for check, found in checks.items()}
        ordered = sorted(checks, key=lambda check: (-worst[check], -len(checks[check]), check))
        views = tuple(self._check(check, worst[check], checks[check]) for check in ordered)
        count = sum(len(found) for found in checks.values())
        return PracticeView(f"practice-{practice.value}", practice.title, count, views)

    def _check(self, check: str, worst: Severity, found: list[int]) -> CheckView:
        findings = self._report.findings
        page = self._report.checks.get(check)
        sections = page.section if page else {}
        counts = Counter(findings[index].severity for index in found)
        cases = tuple(self._case(index) for index in found if index in self._ids)
        standards = dict.fromkeys(s for index in found for s in findings[index].standards)
        return CheckView(
            anchor=self._anchors.take("check", check),
            id=show(check),
            title=show(page.title if page else findings[found[0]].title, MESSAGE_LIMIT),
            severity=worst.label,
            counts=tuple((severity.label, counts[severity]) for severity in WORST_FIRST if counts[severity]),
            count=len(found),
            opened=worst >= self._report.fail_on,
            why=self._prose.html(sections.get("Why it is bad", "")),
            instead=self._prose.html(sections.get("Instead", "")),
            references=self._prose.html(sections.get("References", "")),
            standards=tuple(self._standards.get(name, Link(show(name))) for name in standards),
            first=cases[:FIRST_CASES],
            rest=cases[FIRST_CASES:],
            hidden=len(found) - len(cases),
        )

    def _case(self, index: int) -> Case:
        finding = self._report.findings[index]
        origin = finding.origin
        related = finding.related[:RELATED_LIMIT]
        return Case(
            anchor=self._ids[index],
            index=index,
            severity=finding.severity.label,
            confidence="" if finding.confidence is Confidence.HIGH else finding.confidence.label,
            message=show(finding.message, MESSAGE_LIMIT),
            place=place(origin),
            field=field_path(origin),
            commit=show(origin.commit[:12]),
            rendered_by=show(origin.rendered_by),
            resource=show(finding.resource.show()) if finding.resource else "",
            frame=frame_of(finding),
            value=short(finding.value) if finding.value else "",
            rule=show(finding.rule),
            related=tuple((place(r.origin), show(r.message, MESSAGE_LIMIT)) for r in related),
            related_more=(finding.leak.places - 1 if finding.leak else len(finding.related)) - len(related),
            masked=show(finding.leak.masked) if finding.leak else "",
            entropy=str(finding.leak.entropy) if finding.leak else "",
            commits=_commits(finding.leak) if finding.leak else "",
            todo=tuple(show(step, MESSAGE_LIMIT) for step in finding.leak.todo) if finding.leak else (),
            secrets=self._secrets.get(index, ()),
        )


def _commits(leak: Leak) -> str:
    if leak.first is None or leak.last is None:
        return ""
    until = "still at the tip" if leak.present else f"last in {leak.last.show()}"
    return show(f"first in {leak.first.show()}; {until}", MESSAGE_LIMIT)
