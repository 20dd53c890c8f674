"""A path for a terminal: each step with its evidence."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from strongroom.model.access import FREE, Step
from strongroom.model.access_report import AccessReport, Reached, Route
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


def by_path(found: Iterable[Reached]) -> list[list[Reached]]:
    """Put together what is reached by the same acts: what a power includes then takes no act to tell apart.

    Each list is of one path, in the order of its first; what has no path is alone.
    """
    alike: dict[object, list[Reached]] = {}
    for one in found:
        steps = one.route.steps if one.route is not None else ()
        last = max((index for index, step in enumerate(steps) if step.way not in FREE), default=-1)
        alike.setdefault(steps[: last + 1] or one.node, []).append(one)
    return list(alike.values())


def common(alike: Iterable[Reached]) -> Route:
    """Return what the paths to several things have in common, from where they begin."""
    each = [one.route.steps for one in alike if one.route is not None]
    return Route(
        tuple(at[0] for at in itertools.takewhile(lambda at: at.count(at[0]) == len(at), zip(*each, strict=False)))
    )


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
