"""The charts of the HTML report as geometry; templates draw them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from strongroom.model.finding import Finding, Practice, Severity
from strongroom.model.report import Report
from strongroom.model.secret import SecretRecord
from strongroom.report.wording import plural

WORST_FIRST = tuple(sorted(Severity, reverse=True))
"""The severities as charts and legends list them."""

LEAST_SHARE = 2.4
"""Hundredths of the ring that the rarest severity gets, so that one critical finding among thousands is seen."""

NOT_DEFINED = "only referenced"
"""What charts and tables say of a Secret that no source defines."""


class Arc(msgspec.Struct, frozen=True):
    """A part of the ring, in hundredths of its circumference."""

    tone: str
    start: float
    length: float


class Segment(msgspec.Struct, frozen=True):
    """A part of a bar, in hundredths of its chart's width."""

    tone: str
    x: float
    width: float


class Bar(msgspec.Struct, frozen=True):
    """One row of a chart: its name, its number, its parts, and the id of what it leads to."""

    label: str
    count: int
    segments: tuple[Segment, ...]
    spoken: str
    target: str = ""


class Chart(msgspec.Struct, frozen=True):
    """A bar chart that is a table at the same time."""

    title: str
    unit: str
    bars: tuple[Bar, ...]


def ring(counts: dict[Severity, int]) -> tuple[Arc, ...]:
    """Return the ring of findings by severity, with a little room between two parts; none is too small to be seen."""
    present = [severity for severity in WORST_FIRST if counts.get(severity)]
    smallest = sum(counts.values()) * LEAST_SHARE / 100
    shares = {severity: max(counts[severity], smallest) for severity in present}
    total = sum(shares.values())
    gap = 1.2 if len(present) > 1 else 0.0
    arcs, start = [], 0.0
    for severity, share in shares.items():
        length = 100 * share / total
        arcs.append(Arc(severity.label, round(start, 2), round(length - gap, 2)))
        start += length
    return tuple(arcs)


def severities(findings: Iterable[Finding]) -> dict[Severity, int]:
    """Count findings by severity."""
    return dict(Counter(finding.severity for finding in findings))


def of_findings(findings: Sequence[Finding]) -> tuple[Chart, ...]:
    """Draw findings by practice, each bar split by severity; nothing where there are none."""
    if not findings:
        return ()
    table: dict[Practice, Counter[Severity]] = {practice: Counter() for practice in Practice}
    for finding in findings:
        table[finding.practice][finding.severity] += 1
    top = max(counts.total() for counts in table.values())
    bars = tuple(_practice_bar(practice, counts, top) for practice, counts in table.items())
    return (Chart("Findings by practice", "findings", bars),)


def _practice_bar(practice: Practice, counts: Counter[Severity], top: int) -> Bar:
    segments, x = [], 0.0
    for severity in WORST_FIRST:
        if counts[severity]:
            width = 100 * counts[severity] / top
            segments.append(Segment(severity.label, round(x, 2), round(width, 2)))
            x += width
    spoken = ", ".join(f"{counts[severity]:,} {severity.label}" for severity in WORST_FIRST if counts[severity])
    target = f"practice-{practice.value}" if segments else ""
    return Bar(practice.title, sum(counts.values()), tuple(segments), spoken or "none", target)


def of_secrets(report: Report) -> tuple[Chart, ...]:
    """Draw how Secrets are defined and how they are delivered; nothing where there are none."""
    if not report.secrets:
        return ()
    defined = Counter(way for record in report.secrets for way in defined_by(record))
    delivered = Counter(way for record in report.secrets for way in delivered_by(record))
    charts = [_plain("Secrets by what defines them", "secret", defined)]
    if delivered:
        charts.append(_plain("Secrets by how they are delivered", "secret", delivered))
    return tuple(charts)


def defined_by(record: SecretRecord) -> tuple[str, ...]:
    """Name what defines a Secret, each kind once."""
    return tuple(dict.fromkeys(definition.how.value for definition in record.definitions)) or (NOT_DEFINED,)


def delivered_by(record: SecretRecord) -> tuple[str, ...]:
    """Name the ways on which a Secret reaches its consumers, each once."""
    return tuple(dict.fromkeys(consumer.way.value for consumer in record.consumers))


def _plain(title: str, unit: str, counts: Counter[str]) -> Chart:
    top = max(counts.values())
    bars = tuple(
        Bar(label, count, (Segment("plain", 0.0, round(100 * count / top, 2)),), plural(count, unit))
        for label, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )
    return Chart(title, f"{unit}s", bars)
