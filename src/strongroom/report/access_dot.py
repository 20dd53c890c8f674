"""An answer about access for Graphviz (https://graphviz.org/doc/info/lang.html)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from strongroom.model.access import Node, Step
from strongroom.model.access_report import AccessReport
from strongroom.report.access_picture import LOOKS, family, joined, picture
from strongroom.report.access_words import grounds, named
from strongroom.report.sanitise import PATH_LIMIT, line

_MOST_NAMED = 4
"""Ways that are named on one line; its tooltip has them all."""


def render(report: AccessReport) -> Iterator[str]:
    """Yield the graph; several ways between the same two are one line, and a condition makes it dashed."""
    whole = picture(report)
    numbers = {node: f"n{index}" for index, node in enumerate(whole.nodes)}
    about = f": {report.about}" if report.about else ""
    yield f"digraph access {{\n  label={_quoted(f'{report.question}{about}')}; labelloc=t; rankdir=LR;\n"
    yield '  node [fontname="sans-serif", fontsize=11, style=filled]; edge [fontname="sans-serif", fontsize=9];\n'
    for node in whole.nodes:
        yield f"  {numbers[node]} [{_look(node)}];\n"
    for (source, target), steps in joined(whole.steps).items():
        yield f"  {numbers[source]} -> {numbers[target]} [{_line(steps)}];\n"
    yield "}\n"


def _look(node: Node) -> str:
    look = LOOKS[family(node)]
    return f'label={_quoted(named(node))}, shape={look.shape}, fillcolor="{look.fill}", color="{look.edge}"'


def _line(steps: Sequence[Step]) -> str:
    ways = list(dict.fromkeys(step.way for step in steps))
    rest = [f"and {len(ways) - _MOST_NAMED} more"] if len(ways) > _MOST_NAMED else []
    told = [f"{step.way}: {role} {said}" for step in steps for role, said, _ in grounds(step)]
    style = ", style=dashed" if all(step.condition for step in steps) else ""
    label, tooltip = ", ".join([*ways[:_MOST_NAMED], *rest]), "; ".join(told or ways)
    return f"label={_quoted(label)}, tooltip={_quoted(tooltip)}{style}"


def _quoted(text: str) -> str:
    """Return a quoted string; a backslash would begin an escape, and an ampersand an entity."""
    text = line(text, PATH_LIMIT).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return f'"{text}"'
