"""An answer about access as a Mermaid flowchart (https://mermaid.js.org/syntax/flowchart.html)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from strongroom.model.access import Node, Step
from strongroom.model.access_report import AccessReport
from strongroom.report.access_picture import CODE, LOOKS, Picture, family, joined, nearest, picture
from strongroom.report.access_words import named
from strongroom.report.sanitise import NAME_LIMIT, line
from strongroom.report.wording import plural

MOST_LINES = 400
"""Mermaid draws at most 500 lines unless told otherwise (``maxEdges``), and GitHub leaves it at that."""

MOST_CHARACTERS = 48_000
"""Likewise ``maxTextSize`` is 50,000."""

_MOST_NAMED = 3
_SHAPES = {
    "User": ("([", "])"),
    "Group": ("[[", "]]"),
    "ServiceAccount": ("[", "]"),
    "Node": ("[/", "\\]"),
    "Secret": ("[(", ")]"),
    "ConfigMap": (">", "]"),
    "Power": ("{{", "}}"),
    "External": ("[/", "/]"),
    CODE: ("(", ")"),
}
_UNSAFE = re.compile(r"[^A-Za-z0-9 /.,:_()-]")


def render(report: AccessReport) -> Iterator[str]:
    """Yield the flowchart; where there is more than Mermaid draws, what is nearest to the start, and a note."""
    shown = nearest(picture(report), MOST_LINES)
    if not shown.nodes:
        changed = report.question == "diff" or (report.question == "what-if" and not report.reached)
        yield f'flowchart LR\n  nobody["nobody reaches {"more" if changed else "it"}"]\n'
        return
    lines = _lines(shown)
    while sum(map(len, lines)) > MOST_CHARACTERS and len(shown.steps) > 1:
        smaller = nearest(shown._replace(left_out=0), len(shown.steps) * 3 // 4)
        shown = smaller._replace(left_out=shown.left_out + smaller.left_out)
        lines = _lines(shown)
    yield from lines


def _lines(shown: Picture) -> list[str]:
    numbers = {node: f"n{index}" for index, node in enumerate(shown.nodes)}
    lines = ["flowchart LR\n"]
    lines += [f"  {numbers[node]}{_box(node)}\n" for node in shown.nodes]
    lines += [
        f"  {numbers[source]} {_arrow(steps)} {numbers[target]}\n"
        for (source, target), steps in joined(shown.steps).items()
    ]
    for kind in dict.fromkeys(map(family, shown.nodes)):
        look = LOOKS[kind]
        lines.append(f"  classDef {kind.lower()} fill:{look.fill},stroke:{look.edge},color:#111\n")
    if shown.left_out:
        lines.append(f'  more["and {plural(shown.left_out, "step")} more: the format dot has them all"]\n')
    return lines


def _box(node: Node) -> str:
    kind = family(node)
    opened, closed = _SHAPES[kind]
    return f'{opened}"{_text(named(node))}"{closed}:::{kind.lower()}'


def _arrow(steps: Sequence[Step]) -> str:
    ways = list(dict.fromkeys(step.way for step in steps))
    rest = [f"and {len(ways) - _MOST_NAMED} more"] if len(ways) > _MOST_NAMED else []
    kind = "-.->" if all(step.condition for step in steps) else "-->"
    return f'{kind}|"{_text(", ".join([*ways[:_MOST_NAMED], *rest]))}"|'


def _text(text: str) -> str:
    """Return text in which everything that Mermaid or HTML might read is written as an entity (``#60;``)."""
    return _UNSAFE.sub(lambda match: f"#{ord(match[0])};", line(text, 2 * NAME_LIMIT)) or "#160;"
