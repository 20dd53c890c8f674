"""The graph of an answer as the data that the page's script draws: every text once, everything else by its number."""

from __future__ import annotations

from typing import Any

import msgspec
from markupsafe import Markup

from strongroom.model.access import FREE, Node, Step
from strongroom.model.access_report import AccessReport
from strongroom.report.access_picture import LOOKS, Picture, family
from strongroom.report.access_words import grounds, title
from strongroom.report.html_text import MESSAGE_LIMIT, NAME_LIMIT, show
from strongroom.report.sanitise import json_text

MOST_STEPS = 50_000
"""Steps that a page holds: some megabytes, which a browser still opens at once."""


def embedded(report: AccessReport, shown: Picture) -> Markup:
    """Return the graph as JSON that can stand in a ``script`` element: no character of markup is left in it."""
    text = json_text(msgspec.json.encode(data(report, shown)).decode())
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704  (what could end the element is escaped above)


def data(report: AccessReport, shown: Picture) -> dict[str, Any]:
    """Return the graph.

    Nodes are [label, name, family, what it is], steps [from, to, way, evidence, condition, note], ways [id, title,
    whether it is no act], ``own`` the identities of the control plane; all but the texts of nodes are numbers of places
    in the other lists.
    """
    numbers = {node: index for index, node in enumerate(shown.nodes)}
    ways = {way: index for index, way in enumerate(sorted({step.way for step in shown.steps}))}
    evidence: dict[tuple[str, str, str], int] = {}
    texts: dict[str, int] = {"": 0}
    steps = [
        [
            numbers[step.source],
            numbers[step.target],
            ways[step.way],
            [evidence.setdefault(one, len(evidence)) for one in _grounds(step)],
            texts.setdefault(show(step.condition, MESSAGE_LIMIT), len(texts)),
            texts.setdefault(show(step.note, MESSAGE_LIMIT), len(texts)),
        ]
        for step in shown.steps
    ]
    return {
        "nodes": [_node(node) for node in shown.nodes],
        "steps": steps,
        "ways": [[way, show(title(report, way)), way in FREE] for way in ways],
        "evidence": list(evidence),
        "texts": list(texts),
        "own": [numbers[node] for node in report.control_plane if node in numbers],
        "start": numbers.get(shown.start, 0) if shown.start is not None else 0,
        "whole": report.question == "paths",
    }


def _grounds(step: Step) -> list[tuple[str, str, str]]:
    return [(show(role), show(said, MESSAGE_LIMIT), show(where, MESSAGE_LIMIT)) for role, said, where in grounds(step)]


def _node(node: Node) -> list[str]:
    kind = family(node)
    word = LOOKS[kind].word if kind in ("Power", "External") else node.kind
    about = " · ".join(part for part in (word, node.namespace) if part)
    return [show(node.show(), 2 * NAME_LIMIT), show(node.name or node.show()), kind, show(about)]
