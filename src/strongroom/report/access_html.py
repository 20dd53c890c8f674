"""An answer about access as one HTML file: a graph to walk through, and tables that say the same without a script.

Like the report of an audit it needs no network and no other file, and its policy allows its own code by hash alone. The
graph is drawn by Cytoscape.js (MIT, https://js.cytoscape.org), which stands in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from markupsafe import Markup

from strongroom.model.access import Node
from strongroom.model.access_report import AccessReport
from strongroom.report import html_page
from strongroom.report.access_html_graph import MOST_STEPS, embedded
from strongroom.report.access_picture import LOOKS, Picture, family, nearest, picture
from strongroom.report.access_tables import SIGN_OFF, table
from strongroom.report.access_words import grounds, title
from strongroom.report.html_text import MESSAGE_LIMIT, NAME_LIMIT, PATH_LIMIT, Prose, show

MOST_ROWS = 5_000
"""Rows of a table, but for a review, which is signed as a whole."""

_HEADINGS = {
    "exposure": "Who reaches which Secret",
    "reach": "What an identity reaches",
    "paths": "Shortest paths",
    "diff": "Who reaches what they did not before",
    "review": "Access review",
    "what-if": "What would change",
}
_NUMBER = re.compile(r"[0-9]{1,9}")
_NAMED_SOURCES = 6


def render(report: AccessReport) -> str:
    """Return the page; the same answer gives the same bytes. What is left out of a list or the graph is counted."""
    whole = picture(report)
    shown = nearest(whole, MOST_STEPS)
    styles = tuple(html_page.source(f"templates/{name}.css") for name in ("style", "access"))
    library = html_page.source("vendor/cytoscape/cytoscape.min.js")
    scripts = ("access_tables", "access_look", "access_ways", "access") if shown.steps else ("access_tables",)
    script = Markup("").join(html_page.source(f"templates/{name}.js") for name in scripts)
    style = styles[0] + styles[1]
    return (
        html_page.environment()
        .get_template("access.html.j2")
        .render(
            style=style,
            library=library if shown.steps else "",
            script=script,
            policy=html_page.policy((style,), (library, script)),
            data=embedded(report, shown),
            **_view(report, whole, shown),
        )
        + "\n"
    )


def _view(report: AccessReport, whole: Picture, shown: Picture) -> dict[str, Any]:
    return {
        "head": _head(report),
        "review": report.question == "review",
        "numbers": _numbers(report, whole),
        "answer": _answer(report, shown),
        "graph": {"steps": len(shown.steps), "left_out": shown.left_out},
        "families": [(kind, LOOKS[kind].word) for kind in LOOKS if any(family(node) == kind for node in shown.nodes)],
        "steps": _steps(report, shown),
        "steps_more": len(whole.steps) - min(len(shown.steps), MOST_ROWS),
        "ways": _ways(report, whole),
        "left_out": 0 if report.conditional else report.left_out,
        "notes": [show(note, MESSAGE_LIMIT) for note in report.notes],
        "problems": [(show(skip.path, PATH_LIMIT), show(skip.reason.value)) for skip in report.skipped if skip.problem][
            :50
        ],
    }


def _head(report: AccessReport) -> dict[str, Any]:
    named = [show(source, PATH_LIMIT) for source in report.sources[:_NAMED_SOURCES]]
    return {
        "tool": show(report.tool),
        "title": _HEADINGS[report.question],
        "about": show(report.about, PATH_LIMIT),
        "sources": named,
        "sources_more": len(report.sources) - len(named),
        "created": show(report.created),
        "when": _when(report.created),
    }


def _when(created: str) -> str:
    try:
        moment = datetime.fromisoformat(created).astimezone(UTC)
    except ValueError:
        return show(created)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def _numbers(report: AccessReport, whole: Picture) -> list[tuple[str, int]]:
    numbers = [("Secrets in the sources", report.secrets)]
    if report.exposures:
        numbers.append(("reached by somebody", sum(one.identities > 0 for one in report.exposures)))
        numbers.append(("reached by everybody", sum(bool(one.everyone) for one in report.exposures)))
    if report.reached:
        numbers.append(("Secrets reached", sum(one.node.kind == "Secret" for one in report.reached)))
    if report.question == "paths":
        numbers.append(("shortest paths", len(report.routes)))
    if report.question in ("diff", "what-if"):
        changes = [one for one in report.changes if one.identity not in report.control_plane]
        numbers.append(("reach more", sum(bool(one.gained) for one in changes)))
        numbers.append(("reach less", sum(bool(one.lost) for one in changes)))
    if report.review:
        numbers.append(("lines to review", len(report.review)))
    if whole.steps:
        numbers.append(("identities on the way", sum(node.is_identity for node in whole.nodes)))
        numbers.append(("steps on the way", len(whole.steps)))
    return numbers


def _answer(report: AccessReport, shown: Picture) -> dict[str, Any]:
    found = table(report)
    numbers = {node: index for index, node in enumerate(shown.nodes)}
    most = None if report.question == "review" else MOST_ROWS
    nodes = _nodes(report)
    rows = [
        (
            numbers.get(node, -1) if (node := next(nodes, None)) is not None else -1,
            [(show(cell, MESSAGE_LIMIT), bool(_NUMBER.fullmatch(cell))) for cell in row],
        )
        for row in islice(found.rows, most)
    ]
    header = [(cell, cell in SIGN_OFF and report.question == "review") for cell in found.header]
    return {"header": header, "rows": rows, "more": sum(1 for _ in found.rows)}


def _nodes(report: AccessReport) -> Iterator[Node]:
    """Yield the node that each row of the answer is about, in the order of `access_tables.table`."""
    if report.question == "review":
        yield from (row.identity for row in report.review)
    elif report.question == "paths":
        yield from (step.target for route in report.routes for step in route.steps)
    elif report.reached:
        yield from (one.node for one in report.reached)
    elif report.question in ("diff", "what-if"):
        for change in report.changes:
            yield from (change.identity for _ in (*change.gained, *change.lost, *change.on_new))
    elif report.about:
        yield from (found.node for one in report.exposures for found in one.reached_by)
    else:
        yield from (Node("Secret", one.secret.namespace, one.secret.name) for one in report.exposures)


def _steps(report: AccessReport, shown: Picture) -> list[dict[str, Any]]:
    numbers = {node: index for index, node in enumerate(shown.nodes)}
    return [
        {
            "source": show(step.source.show(), 2 * NAME_LIMIT),
            "target": show(step.target.show(), 2 * NAME_LIMIT),
            "number": numbers[step.source],
            "title": show(title(report, step.way)),
            "way": show(step.way),
            "condition": show(step.condition, MESSAGE_LIMIT),
            "note": show(step.note, MESSAGE_LIMIT),
            "evidence": [
                (show(role), show(said, MESSAGE_LIMIT), show(where, MESSAGE_LIMIT))
                for role, said, where in grounds(step)
            ],
        }
        for step in shown.steps[:MOST_ROWS]
    ]


def _ways(report: AccessReport, whole: Picture) -> list[dict[str, Any]]:
    prose = Prose()
    counts: dict[str, int] = {}
    for step in whole.steps:
        counts[step.way] = counts.get(step.way, 0) + 1
    return [
        {
            "id": show(way),
            "title": show(page.title),
            "count": counts[way],
            "techniques": [show(technique) for technique in page.techniques],
            "text": prose.html(page.text),
        }
        for way in sorted(counts)
        if (page := report.ways.get(way)) is not None
    ]
