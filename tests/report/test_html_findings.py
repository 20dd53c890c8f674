"""Which findings the HTML report shows, and in what order."""

from __future__ import annotations

from tests.report import factories as make

from strongroom.model.finding import Practice, Severity
from strongroom.report.html_findings import FIRST_CASES, CheckView, Findings, anchors_of, choose
from strongroom.report.html_text import Anchors


def _checks(*severities: tuple[str, Severity], fail_on: Severity = Severity.HIGH) -> list[CheckView]:
    found = [
        make.finding(check, severity=severity, at=make.origin(line=line))
        for line, (check, severity) in enumerate(severities, 1)
    ]
    report = make.report(*found, fail_on=fail_on)
    anchors = Anchors()
    ids = anchors_of(report.findings, range(len(found)), anchors)
    views = Findings(report, ids, {}, {}, anchors).practices()
    return [check for view in views for check in view.checks]


def test_all_findings_are_shown_up_to_the_limit() -> None:
    """Nothing is left out while there is room."""
    assert choose([make.finding()] * 10, limit=10) == tuple(range(10))


def test_beyond_the_limit_every_check_keeps_a_few() -> None:
    """A flood of one check leaves room for the last finding of another; the rest goes to the first of the report."""
    findings = [make.finding("flood")] * 100 + [make.finding("rare")]
    chosen = choose(findings, limit=20, fair=5)
    assert chosen == (*range(19), 100)


def test_the_limit_holds_with_many_checks() -> None:
    """More checks than room for their few still stay below the limit."""
    findings = [make.finding(f"check-{index % 100}") for index in range(1_000)]
    assert len(choose(findings, limit=50, fair=5)) == 50


def test_the_worst_check_of_a_practice_comes_first() -> None:
    """Checks are ordered by their worst finding, then by how many they found, then by id."""
    low, high = Severity.LOW, Severity.HIGH
    views = _checks(("b", low), ("c", low), ("c", low), ("a", low), ("d", low), ("d", high))
    assert [view.id for view in views] == ["d", "c", "a", "b"]
    assert views[0].counts == (("high", 1), ("low", 1))


def test_what_reaches_the_threshold_is_open() -> None:
    """A check is open where its worst finding fails the run."""
    views = _checks(("a", Severity.MEDIUM), ("b", Severity.LOW), fail_on=Severity.MEDIUM)
    assert [view.opened for view in views] == [True, False]


def test_many_cases_of_a_check_are_folded_not_dropped() -> None:
    """The first cases stand open, the others behind a fold; together they are all."""
    (view,) = _checks(*[("a", Severity.HIGH)] * 30)
    assert (len(view.first), len(view.rest), view.hidden, view.count) == (FIRST_CASES, 30 - FIRST_CASES, 0, 30)


def test_a_finding_keeps_its_id_when_others_come_and_go() -> None:
    """A link to a finding is made of its fingerprint, so that it still works in the next run's report."""
    one, other = make.finding(message="one"), make.finding(message="other")
    alone = anchors_of([one], [0], Anchors())[0]
    assert anchors_of([other, one], [0, 1], Anchors())[1] == alone


def test_findings_with_one_fingerprint_have_ids_of_their_own() -> None:
    """Two findings that share a fingerprint are two rows with two ids."""
    twice = [make.finding(fingerprint="0" * 32)] * 2
    assert len(set(anchors_of(twice, [0, 1], Anchors()).values())) == 2


def test_practices_stand_in_their_fixed_order() -> None:
    """Plaintext comes before lifecycle whatever is worse; practices without findings are left out."""
    report = make.report(
        make.finding("old", practice=Practice.LIFECYCLE, severity=Severity.CRITICAL),
        make.finding("plain", practice=Practice.PLAINTEXT, severity=Severity.LOW),
    )
    anchors = Anchors()
    views = Findings(report, anchors_of(report.findings, [0, 1], anchors), {}, {}, anchors).practices()
    assert [view.anchor for view in views] == ["practice-plaintext", "practice-lifecycle"]
