"""Markdown (GitHub's flavour) for a comment on a pull request: short, the details folded away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from strongroom.model.finding import Finding, Practice, Severity
from strongroom.model.report import Report
from strongroom.report.actions import actions
from strongroom.report.grouping import by_check, by_practice
from strongroom.report.outcome import exit_code
from strongroom.report.sanitise import line
from strongroom.report.wording import plural, sentence

MOST_CHARACTERS = 60_000
"""GitHub refuses a comment of more than 65,536 characters; GitLab and Gitea take more."""

_PER_CHECK = 20
_PLACES_LIMIT = 300
_MESSAGE_LIMIT = 300
_SPECIAL = re.compile(r"[\\`*_\[\]|~$#@&<>]|:(?=//)|(?<=www)\.")
_LEADING = re.compile(r"^(\d*)([-+.)])")


def render(report: Report) -> Iterator[str]:
    """Yield the comment: the verdict, what to do first, and the findings by practice, folded.

    Findings that would make it longer than a comment may be are counted, not shown.
    """
    head = _head(report)
    foot = _foot(report)
    room = MOST_CHARACTERS - len(head) - len(foot)
    yield head
    unsaid = len(report.findings)
    for practice, findings in by_practice(report.findings).items():
        section, counted = _practice(practice, findings, room)
        if counted:
            room -= len(section)
            unsaid -= counted
            yield section
    if unsaid:
        yield f"_{unsaid:,} further findings are in the full report._\n\n"
    yield foot


def escaped(text: str, limit: int = _MESSAGE_LIMIT) -> str:
    """Return text from input as Markdown that shows it as it is: no links, no HTML, no mentions, no lists."""
    return _LEADING.sub(r"\1\\\2", _entities(line(text, limit)))


def code(text: str, limit: int = _PLACES_LIMIT) -> str:
    """Return text from input as an HTML code element: backticks in it cannot end it, and tables keep their columns."""
    return f"<code>{_entities(line(text, limit))}</code>"


def _entities(text: str) -> str:
    """Write as entities whatever Markdown, HTML or GitHub (mentions, issues, bare links, mathematics) would act on."""
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", text)


def _head(report: Report) -> str:
    counted = [
        f"{report.count(severity):,} {severity.label}" for severity in reversed(Severity) if report.count(severity)
    ]
    total = len(report.findings)
    verdict = ("passed", "failed", "incomplete")[exit_code(report)]
    out = [f"### Strongroom: {verdict}", ""]
    out += [f"**{plural(total, 'finding')}**: {', '.join(counted)}." if total else "No findings.", ""]
    first = actions(report)
    if first:
        out += ["**Do first**", ""]
        out += [f"{number}. {escaped(action.text, 2 * _MESSAGE_LIMIT)}" for number, action in enumerate(first, 1)]
        out.append("")
    return "\n".join(out) + "\n"


def _practice(practice: Practice, findings: Sequence[Finding], room: int) -> tuple[str, int]:
    """Return the section of one practice, and how many findings it accounts for."""
    opening = f"<details>\n<summary>{practice.title}: {len(findings):,}</summary>\n\n"
    closing = "</details>\n\n"
    room -= len(opening) + len(closing)
    tables, counted = "", 0
    for group in by_check(findings).values():
        table = _table(group)
        if len(tables) + len(table) > room:
            break
        tables += table
        counted += len(group)
    return opening + tables + closing, counted


def _table(findings: Sequence[Finding]) -> str:
    shown = findings[:_PER_CHECK]
    out = [
        f"**{escaped(findings[0].title)}** ({code(findings[0].id)})",
        "",
        "| severity | where | what |",
        "|---|---|---|",
    ]
    out += [f"| {one.severity.label} | {code(one.origin.show())} | {escaped(sentence(one))} |" for one in shown]
    if len(findings) > len(shown):
        out.append(f"| | | and {len(findings) - len(shown):,} more |")
    return "\n".join(out) + "\n\n"


def _foot(report: Report) -> str:
    read = report.coverage
    problems = sum(skip.problem for skip in report.skipped)
    parts = [f"Read {read.files:,} files with {read.objects:,} Kubernetes objects"]
    if problems:
        parts.append(f"{problems:,} not read or not as meant")
    left_out = [f"{number:,} {why}" for why, number in sorted(report.suppressed.items()) if number]
    if left_out:
        parts.append(f"left out: {', '.join(left_out)}")
    return f"<sub>{'; '.join(parts)}. {escaped(report.tool)}, fails on {report.fail_on.label} or worse.</sub>\n"
