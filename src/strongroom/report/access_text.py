"""Answers about access for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from strongroom.model.access_report import AccessReport, Exposure, Reached
from strongroom.report.access_text_changes import changes, review
from strongroom.report.access_text_routes import by_path, common, route_lines
from strongroom.report.access_words import acts, counted, distances, named, title
from strongroom.report.sanitise import NAME_LIMIT, PATH_LIMIT, line
from strongroom.report.terminal import Terminal
from strongroom.report.text_layout import Layout
from strongroom.report.wording import plural

_SHOWN = 50
_ROUTES = 20
_MEANS = 5
_ALIKE = 8


def render(report: AccessReport, terminal: Terminal) -> Iterator[str]:
    """Yield the answer, what was left out of it, and the totals."""
    layout = Layout(terminal)
    body = {
        "exposure": _exposure,
        "reach": _reach,
        "paths": _paths,
        "diff": changes,
        "review": review,
        "what-if": _what_if,
    }[report.question]
    yield from body(report, layout)
    yield from _notes(report, layout)


def _exposure(report: AccessReport, layout: Layout) -> Iterator[str]:
    shown = report.exposures if layout.verbose else report.exposures[:_SHOWN]
    for one in shown:
        yield from _exposed(report, one, layout)
    if len(report.exposures) > len(shown):
        rest = len(report.exposures) - len(shown)
        yield layout.put((f"and {plural(rest, 'Secret')} reached by fewer (--verbose lists them)", "dim")) + "\n"
    for one in report.exposures:
        told = [found for found in one.reached_by if layout.verbose or not found.control_plane]
        yield from _routes_of(report, told, layout)
    unreached = sum(not one.identities for one in report.exposures)
    if not report.about:
        total = f"{plural(len(report.exposures), 'Secret')}, {unreached:,} that nobody reaches."
        yield layout.put((total, "bold"))


def _exposed(report: AccessReport, one: Exposure, layout: Layout) -> Iterator[str]:
    name = line(one.secret.show(), 2 * NAME_LIMIT)
    place = f"  {line(one.origin.show(), PATH_LIMIT)}" if one.origin is not None else ""
    yield layout.put((name, "bold"), (place, "cyan"), hang=2)
    own = f"; and {one.control_plane:,} of the control plane" if one.control_plane else ""
    yield layout.put(f"{counted(one)}{own}", lead="  reached by  ")
    if one.everyone:
        yield layout.put(
            (f"the group {line(one.everyone, NAME_LIMIT)} is among them", "bold bright_red"), lead="  everybody   "
        )
    if one.identities:
        yield layout.put(distances(one), lead="  in          ")
    means = one.means if layout.verbose else one.means[:_MEANS]
    for index, (way, number) in enumerate(means):
        yield layout.put(
            f"{title(report, way)} ",
            (f"({way})", "dim"),
            f"  {number:,}",
            lead="  by          " if not index else " " * 14,
        )
    if len(one.means) > len(means):
        yield layout.put((f"and {plural(len(one.means) - len(means), 'other way')}", "dim"), lead=" " * 14)
    yield "\n"


def _reach(report: AccessReport, layout: Layout) -> Iterator[str]:
    secrets = [one for one in report.reached if one.node.kind == "Secret"]
    others = [one for one in report.reached if one.node.kind != "Secret"]
    yield layout.put((line(report.about), "bold"), f" reaches {plural(len(secrets), 'Secret')}") + "\n"
    yield from _routes_of(report, secrets, layout)
    if others:
        yield layout.put(("On the way", "bold"), ": what it becomes or enters")
        shown = others if layout.verbose else others[:_SHOWN]
        for one in shown:
            yield layout.put(named(one.node), (f"  {acts(one.steps)}", "dim"), lead="  ")
        if len(others) > len(shown):
            yield layout.put((f"and {len(others) - len(shown):,} more (--verbose lists them)", "dim"), lead="  ")
        yield "\n"


def _what_if(report: AccessReport, layout: Layout) -> Iterator[str]:
    yield layout.put(("What if: ", "bold"), line(report.about, PATH_LIMIT)) + "\n"
    if report.changes or not report.reached:
        yield from changes(report, layout)
    if report.reached:
        secrets = [one for one in report.reached if one.node.kind == "Secret"]
        yield layout.put((f"{plural(len(secrets), 'Secret')} would have to be replaced", "bold")) + "\n"
        yield from _routes_of(report, secrets, layout)


def _paths(report: AccessReport, layout: Layout) -> Iterator[str]:
    if not report.routes:
        yield layout.put(f"no path from {line(report.about)}")
        return
    steps = acts(report.routes[0].length)
    yield layout.put((f"{plural(len(report.routes), 'shortest path')}, {steps}", "bold")) + "\n"
    for route in report.routes:
        yield from route_lines(report, route, layout)
        yield "\n"


def _routes_of(report: AccessReport, found: Iterable[Reached], layout: Layout) -> Iterator[str]:
    listed = by_path(found)
    shown = listed if layout.verbose else listed[:_ROUTES]
    for alike in shown:
        one = alike[0]
        whom = named(one.node) if len(alike) == 1 else f"{len(alike):,} by one path"
        marks = "  under a condition" if one.route is not None and one.route.conditional else ""
        yield layout.put((whom, "bold"), (f"  {acts(one.steps)}", "dim"), (marks, "yellow"))
        if len(alike) > 1:
            names = [named(each.node) for each in (alike if layout.verbose else alike[:_ALIKE])]
            rest = f" and {len(alike) - len(names):,} more (--verbose lists them)" if len(alike) > len(names) else ""
            yield layout.put(", ".join(names), (rest, "dim"), lead="  ")
        if one.route is not None:
            yield from route_lines(report, common(alike), layout)
        yield "\n"
    rest_of = sum(map(len, listed[len(shown) :]))
    if rest_of:
        yield layout.put((f"and {rest_of:,} more (--verbose lists them)", "dim")) + "\n"


def _notes(report: AccessReport, layout: Layout) -> Iterator[str]:
    if report.left_out and not report.conditional:
        work = "works" if report.left_out == 1 else "work"
        said = f"left out: {plural(report.left_out, 'step')} that {work} only under a condition"
        yield layout.put((f"{said} (--conditional counts them)", "dim"), hang=2)
    for note in report.notes:
        yield layout.put((line(note), "dim"), hang=2)
    problems = [skip for skip in report.skipped if skip.problem]
    if problems:
        first = problems[0]
        text = f"{plural(len(problems), 'thing')} could not be read, first {first.path}: {first.reason.value}"
        yield layout.put((line(text, PATH_LIMIT), "yellow"), hang=2)
