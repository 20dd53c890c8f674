"""Findings by practice, then check, then file, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.text import Text

from strongroom.model.finding import Confidence, Finding, Practice, Related, Severity
from strongroom.model.plaintext import short
from strongroom.report.grouping import by_check, by_practice
from strongroom.report.sanitise import PATH_LIMIT, line
from strongroom.report.text_frame import frame
from strongroom.report.text_layout import SEVERITY_STYLE, Layout
from strongroom.report.wording import plural, sentence

_PER_FILE = 3
_FILES_PER_CHECK = 10
_LINES_NAMED = 12
_RELATED = 3
_LABEL = 10  # "critical" and two spaces
_INDENT = 4 + _LABEL


def sections(findings: Iterable[Finding], layout: Layout) -> Iterator[str]:
    """Yield one piece of text for each practice that has findings."""
    for practice, group in by_practice(findings).items():
        yield "".join(_practice(practice, group, layout))


def counts(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    """Return ``3 high`` and so on with their styles, worst first, those that are not zero."""
    numbers = dict.fromkeys(reversed(Severity), 0)
    for finding in findings:
        numbers[finding.severity] += 1
    return [
        (f"{number:,} {severity.label}", SEVERITY_STYLE[severity]) for severity, number in numbers.items() if number
    ]


def listed(parts: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Put commas between styled parts."""
    out: list[tuple[str, str]] = []
    for part in parts:
        out += [(", ", "")] * bool(out) + [part]
    return out


def _practice(practice: Practice, findings: list[Finding], layout: Layout) -> Iterator[str]:
    yield layout.put((practice.title, "bold"), "  ", *listed(counts(findings)), hang=2)
    for group in by_check(findings).values():
        yield "\n"
        yield from _check(group, layout)
    yield "\n"


def _check(findings: list[Finding], layout: Layout) -> Iterator[str]:
    yield layout.put((findings[0].id, "bold"), (f"  {line(findings[0].title)}", ""), lead="  ", hang=4)
    files: dict[str, list[Finding]] = {}
    for finding in findings:
        files.setdefault(finding.origin.holder, []).append(finding)
    shown = list(files) if layout.verbose else list(files)[:_FILES_PER_CHECK]
    for path in shown:
        yield from _file(path, files[path], layout)
    rest = [finding for path in list(files)[len(shown) :] for finding in files[path]]
    if rest:
        what = "further object" if rest[0].origin.object else "further file"
        more = f"and {len(rest):,} more in {plural(len(files) - len(shown), what)} (--verbose lists them)"
        yield layout.put((more, "dim"), lead=" " * _INDENT)


def _file(path: str, findings: Sequence[Finding], layout: Layout) -> Iterator[str]:
    shown = findings if layout.verbose else findings[:_PER_FILE]
    for finding in shown:
        yield from one(finding, layout)
    rest = findings[len(shown) :]
    if rest:
        numbers = [number for number, _ in groupby(sorted(f.origin.line for f in rest))]
        named = ", ".join(map(str, numbers[:_LINES_NAMED])) + ", …" * (len(numbers) > _LINES_NAMED)
        word = "line" if len(numbers) == 1 else "lines"
        lines = "" if rest[0].origin.object else f", {word} {named}"
        more = f"and {len(rest):,} more in {line(path, PATH_LIMIT)}{lines}"
        yield layout.put((more, "dim"), lead=" " * _INDENT)


def one(finding: Finding, layout: Layout) -> Iterator[str]:
    """Yield the lines of one finding: severity and sentence, place, code frame, further places."""
    label = Text.assemble("    ", (finding.severity.label, SEVERITY_STYLE[finding.severity]))
    label.pad_right(_INDENT - label.cell_len)
    yield layout.put(line(sentence(finding)), lead=label)
    notes = [short(finding.value)] if finding.value else []
    if finding.origin.commit:
        notes.append(f"commit {finding.origin.commit[:12]}")
    if finding.confidence is not Confidence.HIGH:
        notes.append(f"{finding.confidence.label} confidence")
    place = line(finding.origin.show(), PATH_LIMIT)
    yield layout.put((place, "cyan"), *((f"  {note}", "dim") for note in notes), lead=" " * _INDENT)
    yield layout.lines(frame(finding, _INDENT, layout.width))
    yield from _related(finding.related, layout)
    if finding.leak and layout.verbose:
        for step in finding.leak.todo:
            yield layout.put(line(step), lead=" " * _INDENT, hang=_INDENT + 2)


def _related(related: Sequence[Related], layout: Layout) -> Iterator[str]:
    shown = related if layout.verbose else related[:_RELATED]
    for other in shown:
        place = line(other.origin.show(), PATH_LIMIT)
        yield layout.put(("also ", "dim"), (place, "cyan"), f"  {line(other.message)}", lead=" " * _INDENT)
    if len(related) > len(shown):
        more = f"and {plural(len(related) - len(shown), 'further place')}"
        yield layout.put((more, "dim"), lead=" " * _INDENT)
