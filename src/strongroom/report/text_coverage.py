"""What was read and what was not, for a terminal: nothing is dropped silently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from strongroom.model.report import Report
from strongroom.model.skipped import Skipped
from strongroom.report.sanitise import PATH_LIMIT, line
from strongroom.report.text_layout import Layout
from strongroom.report.wording import plural

_PROBLEMS_SHOWN = 20
_NOTES_SHOWN = 20
_PLACES_NAMED = 2


def coverage(report: Report, layout: Layout) -> Iterator[str]:
    """Yield the section on coverage."""
    yield layout.put(("What was read", "bold"))
    read = report.coverage
    objects = plural(read.objects, "Kubernetes object")
    others = f", {plural(read.other_documents, 'other document')}" if read.other_documents else ""
    if read.objects or read.documents or report.secrets:
        held = f": {objects}{others}, {plural(len(report.secrets), 'secret')}"
    else:
        held = ""  # a scan for leaks, which counts no objects
    yield layout.put(f"{plural(read.files, 'file')}{held}", lead="  ")
    if read.other_files:
        yield layout.put(f"{plural(read.other_files, 'file')} without manifests, not opened", lead="  ")
    yield from _capped(_notes(read.notes, layout), _NOTES_SHOWN, layout, indent=2)
    yield from _skips(report, layout)
    yield "\n"


def _notes(notes: tuple[str, ...], layout: Layout) -> list[str]:
    """Return the notes, those that say the same of several places (``place: what``) drawn together."""
    if layout.verbose:
        return [line(note) for note in notes]
    alike: dict[str, list[str]] = {}
    for note in notes:
        place, _, what = line(note).rpartition(": ")
        alike.setdefault(what, []).append(place)
    return [_note(what, places) for what, places in alike.items()]


def _note(what: str, places: list[str]) -> str:
    if len(places) == 1:
        return f"{places[0]}: {what}" if places[0] else what
    named = ", ".join(places[:_PLACES_NAMED])
    rest = len(places) - _PLACES_NAMED
    return f"{what}: {named} and {rest:,} more" if rest > 0 else f"{what}: {named}"


def _skips(report: Report, layout: Layout) -> Iterator[str]:
    asked = Counter(skip.reason.value for skip in report.skipped if not skip.problem)
    for reason, number in sorted(asked.items()):
        yield layout.put(f"{reason}: {number:,}", lead="  ")
    problems = [skip for skip in sorted(report.skipped) if skip.problem]
    if problems:
        yield layout.put((f"Not read, or not as meant ({len(problems):,}):", "yellow"), lead="  ")
        yield from _capped([_problem(skip) for skip in problems], _PROBLEMS_SHOWN, layout, indent=4)


def _problem(skip: Skipped) -> str:
    place = line(skip.path, PATH_LIMIT)
    if skip.line:
        place += f":{skip.line}:{skip.column}"
    return f"{place}: {skip.reason.value}" + (f" ({line(skip.detail)})" if skip.detail else "")


def _capped(texts: list[str], most: int, layout: Layout, *, indent: int) -> Iterator[str]:
    shown = texts if layout.verbose else texts[:most]
    for text in shown:
        yield layout.put(text, lead=" " * indent, hang=indent + 2)
    if len(texts) > len(shown):
        yield layout.put((f"and {len(texts) - len(shown):,} more (--verbose lists them)", "dim"), lead=" " * indent)
