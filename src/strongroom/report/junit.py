"""JUnit XML: one test case per check, for CI systems that show test results.

There is no official schema; this keeps to the elements that Jenkins' junit-10.xsd and the Ant task share.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from strongroom.model.finding import Finding, Practice
from strongroom.model.report import CheckPage, Report
from strongroom.model.skipped import Skipped
from strongroom.report.grouping import by_check
from strongroom.report.outcome import defects
from strongroom.report.sanitise import line, xml_text
from strongroom.report.wording import sentence

_SHOWN = 1_000
_LONGEST_LINE = 5_000
_SECONDS = len("2026-11-21T09:30:00")  # readers take no time zone


def render(report: Report) -> Iterator[str]:
    """Yield the document: a suite per practice, a case per check.

    A check fails where one of its findings reaches the report's ``fail_on``, so that the build breaks exactly where the
    command's exit code says so; lesser findings stand in the case's output.
    """
    found = by_check(report.findings)
    failed = sum(_fails(report, findings) for findings in found.values())
    names = _names(found, report.checks)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    broken = defects(report)
    yield (
        f'<testsuites name="strongroom" tests="{len(names) + len(broken)}" failures="{failed}" errors="{len(broken)}"'
        ' time="0">\n'
    )
    for practice in Practice:
        checks = [check for check, kind in names.items() if kind is practice]
        if checks:
            yield from _suite(report, practice, checks, found)
    yield from _broken(report, broken)
    yield "</testsuites>\n"


def _names(found: dict[str, list[Finding]], pages: dict[str, CheckPage]) -> dict[str, Practice]:
    names = {check: page.practice for check, page in pages.items()}
    for check, findings in found.items():
        names.setdefault(check, findings[0].practice)
    return dict(sorted(names.items()))


def _fails(report: Report, findings: Sequence[Finding]) -> bool:
    return any(finding.severity >= report.fail_on for finding in findings)


def _suite(report: Report, practice: Practice, checks: Sequence[str], found: dict[str, list[Finding]]) -> Iterator[str]:
    failed = sum(_fails(report, found.get(check, ())) for check in checks)
    stamp = report.created[:_SECONDS]
    yield (
        f"  <testsuite name={_attribute(practice.title)} tests={_attribute(len(checks))} failures={_attribute(failed)}"
        f' errors="0" skipped="0" time="0" timestamp={_attribute(stamp)}>\n'
    )
    for check in checks:
        findings = found.get(check, [])
        opening = (
            f'    <testcase name={_attribute(check)} classname={_attribute(f"strongroom.{practice.value}")} time="0"'
        )
        if not findings:
            yield f"{opening}/>\n"
            continue
        yield f"{opening}>\n"
        yield (
            _failure(findings) if _fails(report, findings) else f"      <system-out>{_listed(findings)}</system-out>\n"
        )
        yield "    </testcase>\n"
    yield "  </testsuite>\n"


def _broken(report: Report, broken: Sequence[Skipped]) -> Iterator[str]:
    """Yield a suite of errors: a check that broke off makes the run incomplete."""
    if not broken:
        return
    number, stamp = _attribute(len(broken)), report.created[:_SECONDS]
    yield (
        f'  <testsuite name="Checks that broke off" tests={number} failures="0" errors={number} skipped="0" time="0"'
        f" timestamp={_attribute(stamp)}>\n"
    )
    for skip in broken:
        message = _attribute(f"{skip.reason.value}: {skip.detail}")
        yield f'    <testcase name={_attribute(f"{skip.detail} {skip.path}")} classname="strongroom.run" time="0">\n'
        yield f'      <error message={message} type="incomplete"/>\n    </testcase>\n'
    yield "  </testsuite>\n"


def _failure(findings: Sequence[Finding]) -> str:
    more = f" (and {len(findings) - 1:,} more)" if len(findings) > 1 else ""
    message = _attribute(f"{line(findings[0].title)}: {findings[0].origin.show()}{more}")
    kind = _attribute(max(finding.severity for finding in findings).label)
    return f"      <failure message={message} type={kind}>{_listed(findings)}</failure>\n"


def _listed(findings: Sequence[Finding]) -> str:
    lines = [_one(finding) for finding in findings[:_SHOWN]]
    if len(findings) > _SHOWN:
        lines.append(f"and {len(findings) - _SHOWN:,} more")
    return escape(xml_text("\n".join(lines)))


def _one(finding: Finding) -> str:
    return line(f"{finding.origin.show()}: {finding.severity.label}: {sentence(finding)}", _LONGEST_LINE)


def _attribute(value: object) -> str:
    return quoteattr(xml_text(line(str(value))))
