"""JUnit XML as other people's readers understand it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from junitparser import Error, Failure, JUnitXml
from tests.report import factories as make
from tests.report import hostile, shop, snapshot

from strongroom.model.finding import Severity
from strongroom.model.report import Report
from strongroom.model.skipped import Reason
from strongroom.report import junit

CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "error", "system-out"},
    "error": set(),
    "failure": set(),
    "system-out": set(),
}
ATTRIBUTES = {
    "testsuites": {"name", "tests", "failures", "errors", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
    "testcase": {"name", "classname", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "system-out": set(),
}


def rendered(report: Report) -> bytes:
    """Return the document as it is written to a file."""
    return "".join(junit.render(report)).encode()


def test_the_report_of_a_small_platform() -> None:
    """The whole document reads as the snapshot does."""
    snapshot.check("report.xml", rendered(shop.build()).decode())


def test_only_elements_that_every_reader_knows_are_used() -> None:
    """Elements, their nesting and their attributes are those that Jenkins' schema and the Ant task share."""
    for report in (make.report(), shop.build(), hostile.report()):
        for element in ET.fromstring(rendered(report)).iter():  # noqa: S314  (our own document)
            assert {child.tag for child in element} <= CHILDREN[element.tag]
            assert set(element.attrib) <= ATTRIBUTES[element.tag]


def test_counts_agree_with_the_cases() -> None:
    """A reader that counts for itself gets the numbers that the document states."""
    for report in (shop.build(), hostile.report()):
        read = JUnitXml.fromstring(rendered(report))
        stated = read.tests, read.failures, [(suite.tests, suite.failures) for suite in read]
        read.update_statistics()  # type: ignore[no-untyped-call]
        assert (read.tests, read.failures, [(suite.tests, suite.failures) for suite in read]) == stated


def test_each_check_is_a_case() -> None:
    """Every check of the report is one case, those without findings as passed ones."""
    quiet = make.page("quiet-check")
    read = JUnitXml.fromstring(rendered(make.report(make.finding(), checks=[quiet])))
    cases = {case.name: case for suite in read for case in suite}
    assert set(cases) == {"quiet-check", "secret-in-configmap"}
    assert cases["quiet-check"].is_passed
    (failure,) = cases["secret-in-configmap"].result
    assert isinstance(failure, Failure)
    assert failure.type == "high"
    assert "deploy/config.yaml:7:16: high: ConfigMap shop/api-config: key GITHUB_TOKEN" in (failure.text or "")


def test_a_check_fails_exactly_where_the_run_fails() -> None:
    """Findings below the threshold stand in the output of a case that passes."""
    report = make.report(make.finding(severity=Severity.MEDIUM))
    read = JUnitXml.fromstring(rendered(report))
    (case,) = (case for suite in read for case in suite)
    assert case.is_passed
    assert "medium" in (case.system_out or "")
    assert read.failures == 0
    assert not report.failed


def test_ten_thousand_findings_are_bounded() -> None:
    """A check with thousands of findings lists the first thousand and counts the rest."""
    text = rendered(make.report(*(make.finding(at=make.origin(line=n + 1)) for n in range(3_000)))).decode()
    assert "and 2,000 more" in text
    assert text.count("deploy/config.yaml:") <= 1_001


def test_a_check_that_broke_off_is_an_error() -> None:
    """A run that is incomplete does not look like a passed one: the broken check is a case with an error."""
    report = make.report(skips=[make.skipped("a.yaml", Reason.CHECK_FAILED, detail="rbac-wildcard: TypeError")])
    read = JUnitXml.fromstring(rendered(report))
    (case,) = (case for suite in read for case in suite)
    (error,) = case.result
    assert isinstance(error, Error)
    assert error.message == "check failed: rbac-wildcard: TypeError"
    assert (read.tests, read.errors) == (1, 1)
