"""An answer about access as GraphML (http://graphml.graphdrawing.org/specification.html), for graph tools."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from strongroom.model.access import FREE, Node, Step
from strongroom.model.access_report import AccessReport
from strongroom.report.access_picture import picture
from strongroom.report.access_words import grounds, named, title
from strongroom.report.sanitise import PATH_LIMIT, line, xml_text

_KEYS = {
    "graph": (("question", "string"), ("about", "string"), ("created", "string"), ("tool", "string")),
    "node": (
        ("label", "string"),
        ("kind", "string"),
        ("namespace", "string"),
        ("name", "string"),
        ("identity", "boolean"),
    ),
    "edge": (
        ("way", "string"),
        ("title", "string"),
        ("acts", "int"),
        ("condition", "string"),
        ("note", "string"),
        ("evidence", "string"),
    ),
}
_SCHEMA = "http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd"
_NAMESPACE = "http://graphml.graphdrawing.org/xmlns"


def render(report: AccessReport) -> Iterator[str]:
    """Yield the document: one edge for each step, with its way, whether it counts as an act, and its evidence."""
    whole = picture(report)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<graphml xmlns="{_NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    yield f' xsi:schemaLocation="{_NAMESPACE} {_SCHEMA}">\n'
    for part, keys in _KEYS.items():
        for name, kind in keys:
            yield f'  <key id="{part}-{name}" for="{part}" attr.name="{name}" attr.type="{kind}"/>\n'
    yield '  <graph id="access" edgedefault="directed">\n'
    yield from _data("graph", (report.question, report.about, report.created, report.tool))
    numbers = {node: f"n{index}" for index, node in enumerate(whole.nodes)}
    for node in whole.nodes:
        yield f'    <node id="{numbers[node]}">\n'
        yield from _data("node", _node(node))
        yield "    </node>\n"
    for index, step in enumerate(whole.steps):
        yield f'    <edge id="e{index}" source="{numbers[step.source]}" target="{numbers[step.target]}">\n'
        yield from _data("edge", _edge(report, step))
        yield "    </edge>\n"
    yield "  </graph>\n</graphml>\n"


def _node(node: Node) -> tuple[str, ...]:
    return named(node), node.kind, node.namespace, node.name, "true" if node.is_identity else "false"


def _edge(report: AccessReport, step: Step) -> tuple[str, ...]:
    told = "; ".join(" ".join(part for part in one if part) for one in grounds(step))
    acts = "0" if step.way in FREE else "1"
    return step.way, title(report, step.way), acts, step.condition, step.note, told


def _data(part: str, values: tuple[str, ...]) -> Iterator[str]:
    for (name, _), value in zip(_KEYS[part], values, strict=True):
        yield f'      <data key="{part}-{name}">{escape(xml_text(line(value, PATH_LIMIT)))}</data>\n'
