"""The report as one HTML file that needs nothing else: no network, no other file, and no JavaScript to be complete.

The file carries a content security policy (https://www.w3.org/TR/CSP3/) that allows its own style sheet and its own
script by their hashes and nothing else, so that text of the input could not run or fetch anything even if it escaped
its place. The same report gives the same bytes. The markup is well-formed XML as well, which is how tests read it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import jinja2

from strongroom.model.report import Report
from strongroom.report import (
    actions,
    html_charts,
    html_coverage,
    html_findings,
    html_flow,
    html_links,
    html_page,
    html_secrets,
    outcome,
)
from strongroom.report.html_text import PATH_LIMIT, Anchors, show
from strongroom.report.values import shared_values

_NAMED_PLACES = 3
_NAMED_SECRETS = 6
_RESERVED = ("summary", "first", "charts", "findings", "secrets", "values", "standards", "coverage", "main", "filter")


def render(report: Report) -> str:
    """Return the report as an HTML document.

    Lists are bounded (`html_findings.FINDING_LIMIT` and the limits of `html_secrets` and `html_coverage`), and the page
    says what it leaves out; every count is of everything.
    """
    environment = _environment()
    template = environment.get_template("report.html.j2")
    style, script = html_page.source("templates/style.css"), html_page.source("templates/script.js")
    view = _view(report)
    return template.render(style=style, script=script, policy=html_page.policy((style,), (script,)), **view) + "\n"


def _view(report: Report) -> dict[str, Any]:
    anchors = Anchors()
    for name in _RESERVED:
        anchors.take(name, "")
    shown = html_findings.choose(report.findings)
    ids = html_findings.anchors_of(report.findings, shown, anchors)
    shared = sorted(shared_values(report), key=lambda one: (-len(one.places), one.fingerprint))
    pages = html_secrets.paged(report)
    links = html_secrets.links_of(report, pages, anchors)
    marks = html_links.marks_of(report, shown, pages)
    controls = html_coverage.control_links(report, anchors)
    about = _by_finding(marks, links)
    practices = html_findings.Findings(report, ids, about, controls, anchors).practices()
    checks = {check.id: check.anchor for practice in practices for check in practice.checks}
    secrets = html_secrets.Secrets(report, links, marks, ids, shared, anchors)
    return {
        "head": _head(report),
        "actions": _actions(report, checks),
        "ring": html_charts.ring(html_charts.severities(report.findings)),
        "counts": [(severity.label, report.count(severity)) for severity in html_charts.WORST_FIRST],
        "charts": () if report.leaks_only else _charts(report),
        "practices": practices,
        "findings": len(report.findings),
        "findings_shown": len(shown),
        "rows": secrets.rows(),
        "pages": secrets.pages(),
        "secrets": len(report.secrets),
        "shared": secrets.shared(shared),
        "shared_hidden": max(len(shared) - html_secrets.SHARED_LIMIT, 0),
        "standards": html_coverage.standards(report, controls, checks),
        "coverage": html_coverage.coverage(report),
    }


def _charts(report: Report) -> tuple[Any, ...]:
    return (*html_charts.of_findings(report.findings), *html_charts.of_secrets(report))


def _head(report: Report) -> dict[str, Any]:
    at_or_above = sum(finding.severity >= report.fail_on for finding in report.findings)
    named = [show(source, PATH_LIMIT) for source in report.sources[:6]]
    return {
        "what": "Leak scan" if report.leaks_only else "Secrets audit",
        "leaks_only": report.leaks_only,
        "tool": show(report.tool),
        "sources": named,
        "sources_more": max(len(report.sources) - len(named), 0),
        "created": show(report.created),
        "when": _when(report.created),
        "failed": report.failed,
        "fail_on": report.fail_on.label,
        "at_or_above": at_or_above,
        "outcome": outcome.explained(report),
        "incomplete": outcome.exit_code(report) == outcome.INCOMPLETE,
    }


def _when(created: str) -> str:
    try:
        moment = datetime.fromisoformat(created).astimezone(UTC)
    except ValueError:
        return show(created)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def _actions(report: Report, checks: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "deed": show(action.deed, 400),
            "places": [show(place) for place in action.places[:_NAMED_PLACES]],
            "places_more": max(len(action.places) - _NAMED_PLACES, 0),
            "severity": action.severity.label,
            "findings": action.findings,
            "target": next((checks[check] for check in action.checks if check in checks), "findings"),
        }
        for action in actions.actions(report)
    ]


def _by_finding(
    marks: dict[int, tuple[html_links.Mark, ...]], links: dict[int, html_findings.Link]
) -> dict[int, tuple[html_findings.Link, ...]]:
    """Link each finding to its Secrets: first those on whose way it stands, then those that only share its value."""
    found: dict[int, list[tuple[bool, int]]] = {}
    for secret in sorted(marks):
        for mark in marks[secret]:
            found.setdefault(mark.finding, []).append((mark.spot == html_links.VALUE, secret))
    return {
        finding: tuple(links[secret] for _, secret in sorted(secrets)[:_NAMED_SECRETS])
        for finding, secrets in found.items()
    }


def _environment() -> jinja2.Environment:
    environment = html_page.environment()
    environment.globals["flow"] = {
        "width": html_flow.WIDTH,
        "box": html_flow.BOX_WIDTH,
        "hub": html_flow.HUB_X,
        "radius": html_flow.HUB_RADIUS,
        "columns": html_flow.COLUMNS,
    }
    return environment
