"""A path for a terminal: each step with its evidence."""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.access import Step
from strongroom.model.access_report import AccessReport, Route
from strongroom.report.access_words import grounds, named, title
from strongroom.report.sanitise import line
from strongroom.report.text_layout import Layout


def route_lines(report: AccessReport, route: Route, layout: Layout, indent: int = 2) -> Iterator[str]:
    """Yield where a path begins, and each step on it."""
    if not route.steps:
        return
    yield layout.put(named(route.steps[0].source), lead=" " * indent)
    for step in route.steps:
        yield from _step(report, step, layout, indent)


def _step(report: AccessReport, step: Step, layout: Layout, indent: int) -> Iterator[str]:
    condition = f", {line(step.condition)}" if step.condition else ""
    does, whom = title(report, step.way), named(step.target)
    yield layout.put(
        does if does == whom else f"{does}: {whom}",
        (f"  {step.way}", "dim"),
        (condition, "yellow"),
        lead=" " * indent + "→ ",
    )
    for role, said, where in grounds(step):
        yield layout.put(
            (said, ""), (f"  {where}" if where else "", "cyan"), lead=f"{' ' * indent}    {role}: ", hang=indent + 6
        )
