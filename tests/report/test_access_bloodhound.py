"""Payloads for BloodHound, against the rules of its published schema."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import msgspec
import pytest
from tests.report import access_large, access_reports

from strongroom.access.edges import WAYS
from strongroom.model.access import INCLUDES, MEMBER
from strongroom.model.access_report import AccessReport
from strongroom.report import access_bloodhound
from strongroom.report.access_picture import picture

_VALUES = {
    "type": "object",
    "propertyNames": {"pattern": "^[a-z][a-z0-9_]*$", "not": {"const": "objectid"}},
    "additionalProperties": {
        "anyOf": [
            {"type": ["string", "number", "boolean"]},
            {"type": "array", "items": {"type": "string"}},
            {"type": "array", "items": {"type": "number"}},
            {"type": "array", "items": {"type": "boolean"}},
        ]
    },
}
_END = {
    "type": "object",
    "properties": {"match_by": {"const": "id"}, "value": {"type": "string"}},
    "required": ["value"],
    "additionalProperties": False,
}
_NODE = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$"},
        "kinds": {
            "type": "array",
            "items": {"type": "string", "pattern": "^[A-Za-z0-9_]+$"},
            "minItems": 1,
            "maxItems": 3,
        },
        "properties": _VALUES,
    },
    "required": ["id", "kinds"],
    "additionalProperties": False,
}
_EDGE = {
    "type": "object",
    "properties": {
        "start": _END,
        "end": _END,
        "kind": {"type": "string", "pattern": "^[A-Za-z0-9_]+$"},
        "properties": _VALUES,
    },
    "required": ["start", "end", "kind", "properties"],
    "additionalProperties": False,
}
_RULES = {
    "type": "object",
    "properties": {
        "metadata": {
            "type": "object",
            "properties": {"source_kind": {"type": "string"}},
            "additionalProperties": False,
        },
        "graph": {
            "type": "object",
            "properties": {"nodes": {"type": "array", "items": _NODE}, "edges": {"type": "array", "items": _EDGE}},
            "required": ["nodes", "edges"],
            "additionalProperties": False,
        },
    },
    "required": ["graph"],
    "additionalProperties": False,
}
"""The rules of https://bloodhound.specterops.io/opengraph/developer/nodes and …/edges, as far as a payload shows them."""


def _read(report: AccessReport) -> dict[str, Any]:
    document: dict[str, Any] = json.loads("".join(access_bloodhound.render(report)))
    jsonschema.validate(document, _RULES, cls=jsonschema.Draft202012Validator)
    return document


@pytest.mark.parametrize("question", access_reports.QUESTIONS)
@pytest.mark.parametrize("name", ["ann", access_reports.HOSTILE])
def test_a_payload_keeps_the_rules(question: str, name: str) -> None:
    """Every payload satisfies the rules, has the nodes of the answer once, and edges only between them."""
    report = access_reports.report(question, name)
    graph = _read(report)["graph"]
    ids = [node["id"] for node in graph["nodes"]]

    assert len(set(ids)) == len(ids) == len(picture(report).nodes)
    assert {end["value"] for edge in graph["edges"] for end in (edge["start"], edge["end"])} <= set(ids)


def test_two_nodes_have_one_edge_of_a_kind() -> None:
    """Steps of the same way between the same two nodes are one edge that has the evidence of both."""
    report = access_reports.report("paths")
    again = msgspec.structs.replace(report.graph[1], note="another")
    graph = _read(msgspec.structs.replace(report, graph=(*report.graph, again)))["graph"]
    keys = [(edge["start"]["value"], edge["end"]["value"], edge["kind"]) for edge in graph["edges"]]
    (edge,) = [edge for edge in graph["edges"] if edge["kind"] == "SR_SecretsGet"]

    assert len(keys) == len(set(keys)) == 3
    assert edge["properties"]["notes"] == ["ann", "another"]
    assert edge["properties"]["acts"] == 1


def test_kinds_are_of_their_own() -> None:
    """Every way has a kind of edge of its own, and no kind but ours is used, so that none overlaps with BloodHound's."""
    ways = [MEMBER, INCLUDES, *(way.id for way in WAYS)]
    kinds = {access_bloodhound.kind_of(way) for way in ways}

    assert len(kinds) == len(ways)
    assert all(kind.startswith("SR_") for kind in kinds)
    node = _read(access_reports.report("reach"))["graph"]["nodes"][0]
    assert all(kind.startswith("SR_") or kind == access_bloodhound.SOURCE for kind in node["kinds"])


def test_ids_last_and_tell_clusters_apart() -> None:
    """The same sources give the same ids in every run; other sources give others, so that two clusters do not merge."""
    one, other = access_large.build(1), msgspec.structs.replace(access_large.build(1), sources=("elsewhere",))
    ids = [{node["id"] for node in _read(report)["graph"]["nodes"]} for report in (one, one, other)]

    assert ids[0] == ids[1]
    assert not ids[0] & ids[2]


def test_a_step_under_a_condition_is_marked() -> None:
    """An edge that is there only under a condition says which, and that it cannot simply be walked."""
    edges = _read(access_large.build(1))["graph"]["edges"]
    conditional = [edge["properties"] for edge in edges if "condition" in edge["properties"]]

    assert [(one["condition"], one["traversable"]) for one in conditional] == [("if admission fails", False)]
