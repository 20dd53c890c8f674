"""The charts of the HTML report."""

from __future__ import annotations

import pytest
from tests.report import factories as make

from strongroom.model.finding import Practice, Severity
from strongroom.model.secret import How, Way
from strongroom.report.html_charts import of_findings, of_secrets, ring


def test_the_ring_is_whole() -> None:
    """Parts follow each other from the worst on, in proportion, and end where the ring began."""
    arcs = ring({Severity.LOW: 1, Severity.CRITICAL: 1, Severity.HIGH: 2})
    assert [(arc.tone, arc.start) for arc in arcs] == [("critical", 0.0), ("high", 25.0), ("low", 75.0)]
    assert all(0 < arc.length < 100 for arc in arcs)


def test_a_ring_of_one_severity_has_no_gap_and_an_empty_one_no_part() -> None:
    """One part fills the ring; without findings there is only the track."""
    assert [arc.length for arc in ring({Severity.HIGH: 7})] == [100.0]
    assert ring({}) == ()


def test_one_critical_finding_among_thousands_is_still_seen() -> None:
    """A small share keeps a visible part."""
    arcs = ring({Severity.CRITICAL: 1, Severity.LOW: 9_999})
    assert arcs[0].tone == "critical"
    assert arcs[0].length > 1
    assert arcs[1].start >= arcs[0].start + arcs[0].length


def test_bars_of_practices_are_in_proportion() -> None:
    """The longest bar fills the chart; the others and their parts are measured against it."""
    plain = [make.finding(severity=Severity.HIGH)] * 3 + [make.finding(severity=Severity.LOW)]
    (chart,) = of_findings([*plain, make.finding("x", practice=Practice.ACCESS, severity=Severity.LOW)])
    bars = {bar.label: bar for bar in chart.bars}
    first = bars[Practice.PLAINTEXT.title]
    assert [(part.tone, part.x, part.width) for part in first.segments] == [("high", 0.0, 75.0), ("low", 75.0, 25.0)]
    assert first.spoken == "3 high, 1 low"
    assert sum(part.width for part in bars[Practice.ACCESS.title].segments) == pytest.approx(25)
    assert bars[Practice.AT_REST.title].count == 0
    assert [bar.label for bar in chart.bars] == [practice.title for practice in Practice]


def test_secrets_are_counted_once_for_each_way() -> None:
    """A Secret used twice in one way counts once for it, and one without a definition is said to be only referenced."""
    records = [
        make.secret(
            "a", definitions=[make.definition(how=How.SOPS)], consumers=[make.consumer("x"), make.consumer("y")]
        ),
        make.secret("b", consumers=[make.consumer("x", Way.VOLUME), make.consumer("x", Way.ENV)]),
    ]
    defined, delivered = of_secrets(make.report(secrets=records))
    assert [(bar.label, bar.count) for bar in defined.bars] == [("SOPS", 1), ("only referenced", 1)]
    assert [(bar.label, bar.count) for bar in delivered.bars] == [("env", 2), ("volume", 1)]


def test_nothing_to_count_gives_no_chart() -> None:
    """A report without findings or Secrets draws no empty axes."""
    assert of_findings([]) == ()
    assert of_secrets(make.report()) == ()
