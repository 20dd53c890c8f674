"""SARIF 2.1.0 (OASIS, errata 01), as GitHub code scanning reads it.

GitHub's part: https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from strongroom.model.finding import Confidence, Finding, Severity
from strongroom.model.leak import Leak
from strongroom.model.origin import Origin, show_path
from strongroom.model.plaintext import short
from strongroom.model.report import CheckPage, Report
from strongroom.model.skipped import Skipped
from strongroom.report.json import dump
from strongroom.report.outcome import defects, exit_code
from strongroom.report.sanitise import line, shorten, writable
from strongroom.report.wording import sentence

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 25_000  # of one run; GitHub refuses the file beyond
MOST_LOCATIONS = 100  # of one result; GitHub shows no more
MOST_NOTIFICATIONS = 1_000
MOST_TAGS = 20  # of one rule; GitHub refuses the file beyond
_ROOT = "%SRCROOT%"
_DESCRIPTION_LIMIT = 1024  # of a rule, in characters; GitHub
_MAKER = "https://strongroom.dev"

_LEVEL = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
# GitHub: over 9.0 is critical, 7.0 to 8.9 high, 4.0 to 6.9 medium, 0.1 to 3.9 low.
_SCORE = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.5",
    Severity.INFO: "0.1",
}
_PRECISION = {Confidence.HIGH: "very-high", Confidence.MEDIUM: "high", Confidence.LOW: "medium"}


def render(report: Report) -> Iterator[str]:
    """Yield the SARIF log; the same report gives the same text."""
    yield dump(log(report))


def log(report: Report) -> dict[str, Any]:
    """Return the SARIF log as plain data."""
    name, _, version = report.tool.partition(" ")
    worst = _worst(report.findings)
    rules = [_rule(page, worst.get(check, page.severity)) for check, page in sorted(report.checks.items())]
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": name.capitalize(),
                        "semanticVersion": version or "0.0.0",
                        "informationUri": _MAKER,
                        "rules": rules,
                    }
                },
                "invocations": [_invocation(report)],
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {_ROOT: {"description": {"text": "The folder in which the command ran."}}},
                "results": [_result(finding, index) for finding in report.findings[:MOST_RESULTS]],
            }
        ],
    }


def _worst(findings: Iterable[Finding]) -> dict[str, Severity]:
    """Return each check's worst severity: GitHub shows a rule's score for all its results."""
    worst: dict[str, Severity] = {}
    for finding in findings:
        worst[finding.id] = max(finding.severity, worst.get(finding.id, Severity.INFO))
    return worst


def _rule(page: CheckPage, severity: Severity) -> dict[str, Any]:
    sections = page.section
    full = " ".join(sections.get("What it finds", "").split()) or page.title
    tags = ["security", page.practice.value, *page.standards]
    return {
        "id": page.id,
        "name": "".join(part.capitalize() for part in page.id.split("-")),
        "shortDescription": {"text": shorten(page.title, _DESCRIPTION_LIMIT // 2)},
        "fullDescription": {"text": shorten(full, _DESCRIPTION_LIMIT // 2)},
        "defaultConfiguration": {"level": _LEVEL[severity]},
        "help": {"text": sections.get("Instead") or page.title, "markdown": page.text or page.title},
        "properties": {
            "tags": tags[:MOST_TAGS],
            "precision": _PRECISION[page.confidence],
            "security-severity": _SCORE[severity],
        },
    }


def _result(finding: Finding, index: dict[str, int]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.id,
        "level": _LEVEL[finding.severity],
        "message": {"text": _escaped(sentence(finding))},
        "locations": [_location(finding)],
        # GitHub follows an alert by primaryLocationLineHash and makes its own from the line where there is none.
        "partialFingerprints": {
            "primaryLocationLineHash": f"{finding.fingerprint}:1",
            "strongroomFinding/v1": finding.fingerprint,
        },
        "properties": _properties(finding),
    }
    if finding.id in index:
        result["ruleIndex"] = index[finding.id]
    if finding.related:
        result["relatedLocations"] = [
            {"id": number, "physicalLocation": _physical(one.origin), "message": {"text": _escaped(one.message)}}
            for number, one in enumerate(finding.related[:MOST_LOCATIONS], start=1)
        ]
    return result


def _properties(finding: Finding) -> dict[str, str]:
    properties = {
        "severity": finding.severity.label,
        "confidence": finding.confidence.label,
        "audience": finding.audience.value,
    }
    if finding.value:
        properties["value"] = short(finding.value)
    if finding.rule:
        properties["recognisedBy"] = finding.rule
    return properties | (_leak(finding.leak) if finding.leak else {})


def _leak(leak: Leak) -> dict[str, str]:
    told = {
        "masked": line(leak.masked),
        "entropy": str(leak.entropy),
        "places": str(leak.places),
        "firstCommit": line(leak.first.show()) if leak.first else "",
        "lastCommit": line(leak.last.show()) if leak.last else "",
        "verified": leak.verified,
        "live": line("; ".join(leak.live)),
        "todo": line("; ".join(leak.todo)),
    }
    return {name: text for name, text in told.items() if text}


def _escaped(text: str) -> str:
    """Escape what a SARIF message takes for an embedded link or a placeholder (sections 3.11.5 and 3.11.6)."""
    text = line(text).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return text.replace("{", "{{").replace("}", "}}")


def _location(finding: Finding) -> dict[str, Any]:
    location: dict[str, Any] = {"physicalLocation": _physical(finding.origin)}
    names = []
    if finding.resource:
        names.append({"fullyQualifiedName": line(finding.resource.show()), "kind": "resource"})
    if finding.origin.field:
        names.append({"fullyQualifiedName": line(show_path(finding.origin.field)), "kind": "member"})
    if names:
        location["logicalLocations"] = names
    return location


def _physical(origin: Origin) -> dict[str, Any]:
    return {"artifactLocation": _artifact(origin), "region": _region(origin)}


def _artifact(origin: Origin) -> dict[str, str]:
    """Return the file's address: relative to the root where it is, as RFC 3986 writes it."""
    path = origin.path or origin.source
    if path.startswith("/"):
        return {"uri": "file://" + _quoted(path)}
    while path.startswith("./"):
        path = path[2:]
    # The first segment must not look like a scheme (RFC 3986 section 4.2): its colon becomes %3A.
    return {"uri": _quoted(path) or "unknown", "uriBaseId": _ROOT}


def _quoted(path: str) -> str:
    """Percent-encode the bytes of a path, those of a file name that is not UTF-8 included."""
    try:
        return quote(path.encode("utf-8", "surrogateescape"), safe="/")
    except UnicodeEncodeError:
        return quote(writable(path), safe="/")


def _region(origin: Origin) -> dict[str, int]:
    start = max(origin.line, 1), max(origin.column, 1)
    region = {"startLine": start[0], "startColumn": start[1]}
    if origin.end_line and origin.end_column and (origin.end_line, origin.end_column) > start:
        region |= {"endLine": origin.end_line, "endColumn": origin.end_column}
    return region


def _invocation(report: Report) -> dict[str, Any]:
    problems = [skip for skip in sorted(report.skipped) if skip.problem]
    notes = [_notification(skip) for skip in problems[:MOST_NOTIFICATIONS]]
    unsaid = len(problems) - len(notes)
    if unsaid:
        notes.append({"level": "warning", "message": {"text": f"{unsaid} more were not read or not as meant"}})
    beyond = len(report.findings) - MOST_RESULTS
    if beyond > 0:
        text = f"{beyond} findings of the lowest severities were left out, since a run may hold {MOST_RESULTS}"
        notes.append({"level": "warning", "message": {"text": text}})
    return {
        "executionSuccessful": not defects(report),
        "endTimeUtc": report.created.replace("+00:00", "Z"),
        "exitCode": exit_code(report),
        "toolExecutionNotifications": notes,
    }


def _notification(skip: Skipped) -> dict[str, Any]:
    origin = Origin(source=skip.path, path=skip.path, line=skip.line, column=skip.column)
    physical: dict[str, Any] = {"artifactLocation": _artifact(origin)}
    if skip.line:
        physical["region"] = _region(origin)
    text = f"{skip.reason.value}: {skip.detail}" if skip.detail else skip.reason.value
    return {
        "level": "warning",
        "message": {"text": _escaped(text)},
        "locations": [{"physicalLocation": physical}],
    }
