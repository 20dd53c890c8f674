"""The exit code and the words for it agree."""

from __future__ import annotations

import json

import pytest
from tests.report import factories as make

from strongroom.model.finding import Severity
from strongroom.model.report import Report
from strongroom.model.skipped import Reason
from strongroom.report import markdown, sarif
from strongroom.report.outcome import exit_code, explained

HIGH = make.finding(severity=Severity.HIGH)
LOW = make.finding(severity=Severity.LOW)
BROKEN = make.skipped("a.yaml", Reason.CHECK_FAILED, detail="rbac-wildcard: TypeError")
UNREAD = make.skipped()
ASKED = make.skipped("build", Reason.IGNORED, problem=False)


@pytest.mark.parametrize(
    ("report", "strict", "code", "words"),
    [
        (make.report(), False, 0, "Exit 0."),
        (make.report(LOW), False, 0, "Exit 0: nothing high or worse."),
        (make.report(LOW, fail_on=Severity.LOW), False, 1, "Exit 1: low or worse was found."),
        (make.report(HIGH), False, 1, "Exit 1: high or worse was found."),
        (make.report(HIGH, skips=[UNREAD]), False, 1, "Exit 1: high or worse was found."),
        (make.report(HIGH, skips=[UNREAD]), True, 2, "Exit 2: not everything could be read."),
        (make.report(skips=[ASKED]), True, 0, "Exit 0."),
        (make.report(HIGH, skips=[BROKEN]), False, 2, "Exit 2: 1 check broke off."),
    ],
)
def test_each_outcome_has_its_code_and_its_words(report: Report, strict: bool, code: int, words: str) -> None:
    """Nothing is 0, findings at the threshold are 1, a run that is incomplete is 2, and the sentence says which."""
    assert exit_code(report, strict=strict) == code
    assert explained(report, strict=strict) == words


def test_an_incomplete_run_never_looks_like_a_passed_one() -> None:
    """SARIF and Markdown say that a check broke off."""
    report = make.report(skips=[BROKEN])
    (invocation,) = json.loads("".join(sarif.render(report)))["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 2
    assert "".join(markdown.render(report)).startswith("### Strongroom: incomplete\n")
