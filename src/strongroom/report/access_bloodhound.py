"""An answer about access for BloodHound: an OpenGraph payload of nodes and edges.

https://bloodhound.specterops.io/opengraph/developer/schema: ids are unique in the whole database, kinds do not overlap
with those of other collectors, names of properties are lower case, their values are primitive or lists of one kind of
primitive, and two nodes have at most one edge of each kind.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from strongroom.model.access import FREE, Node, Step
from strongroom.model.access_report import AccessReport
from strongroom.report.access_picture import CODE, family, picture
from strongroom.report.access_words import grounds, named, title
from strongroom.report.json import dump
from strongroom.report.sanitise import NAME_LIMIT, line

SOURCE = "Strongroom"
"""The kind that every node has (``metadata.source_kind``): what BloodHound removes a collection by."""

PREFIX = "SR_"
"""Before every other kind, as the schema advises."""


def render(report: AccessReport) -> Iterator[str]:
    """Yield the payload.

    An id is a UUID made of the names of the sources and of the node: the same sources give the same ids in every run,
    and two clusters differ where their sources are named differently.
    """
    whole = picture(report)
    sources = "\0".join(map(line, report.sources))
    ids = {node: _id(sources, node) for node in whole.nodes}
    merged: dict[tuple[Node, Node, str], list[Step]] = {}
    for step in whole.steps:
        merged.setdefault((step.source, step.target, step.way), []).append(step)
    yield dump(
        {
            "metadata": {"source_kind": SOURCE},
            "graph": {
                "nodes": [_node(node, ids[node]) for node in whole.nodes],
                "edges": [
                    {
                        "start": {"match_by": "id", "value": ids[source]},
                        "end": {"match_by": "id", "value": ids[target]},
                        "kind": kind_of(way),
                        "properties": _properties(report, steps),
                    }
                    for (source, target, way), steps in merged.items()
                ],
            },
        }
    )


def kind_of(way: str) -> str:
    """Return the kind of an edge: ``SR_SecretsGet`` of ``secrets-get``."""
    return PREFIX + "".join(part.capitalize() for part in way.split("-"))


def _id(sources: str, node: Node) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "\0".join(("strongroom", sources, *map(line, node))))).upper()


def _node(node: Node, number: str) -> dict[str, Any]:
    kind = family(node)
    properties: dict[str, Any] = {"name": named(node), "displayname": named(node), "kind": line(node.kind, NAME_LIMIT)}
    if node.namespace:
        properties["namespace"] = line(node.namespace, NAME_LIMIT)
    kinds = [PREFIX + kind, *([f"{PREFIX}Identity"] if node.is_identity else []), SOURCE]
    return {"id": number, "kinds": kinds, "properties": properties | ({"code": True} if kind == CODE else {})}


def _properties(report: AccessReport, steps: Sequence[Step]) -> dict[str, Any]:
    told = [" ".join(part for part in one if part) for step in steps for one in grounds(step)]
    notes = [line(step.note) for step in steps if step.note]
    free = [step for step in steps if not step.condition]
    found: dict[str, Any] = {
        "way": steps[0].way,
        "title": line(title(report, steps[0].way)),
        "acts": 0 if steps[0].way in FREE else 1,
        "traversable": bool(free),
    }
    for name, listed in (("evidence", told), ("notes", notes)):
        if listed:
            found[name] = list(dict.fromkeys(listed))
    if not free:
        found["condition"] = line(steps[0].condition)
    return found
