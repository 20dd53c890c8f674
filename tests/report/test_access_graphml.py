"""GraphML, read back by nx."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import networkx as nx
import pytest
from tests.report import access_large, access_reports

from strongroom.model.access_report import AccessReport
from strongroom.report import access_graphml
from strongroom.report.access_picture import picture
from strongroom.report.sanitise import line


def _read(report: AccessReport) -> Any:
    text = "".join(access_graphml.render(report))
    return nx.parse_graphml(text, force_multigraph=True)


@pytest.mark.parametrize("question", access_reports.QUESTIONS)
@pytest.mark.parametrize("name", ["ann", access_reports.HOSTILE, "]]>&amp;<!--"])
def test_networkx_reads_what_was_written(question: str, name: str) -> None:
    """Every node and every step is there, with its kind, its name and its way, whatever the names."""
    report = access_reports.report(question, name)
    whole = picture(report)
    read = _read(report)
    nodes = dict(read.nodes(data=True))

    assert [(node["kind"], node.get("name", "")) for node in nodes.values()] == [
        (node.kind, line(node.name)) for node in whole.nodes
    ]
    assert sorted(data["way"] for _, _, data in read.edges(data=True)) == sorted(step.way for step in whole.steps)
    assert read.graph["question"] == question


def test_paths_can_be_asked_of_it() -> None:
    """A reader finds the path of the answer, counts its acts, and sees its evidence."""
    read = _read(access_reports.report("paths"))
    names = {data["label"]: node for node, data in read.nodes(data=True)}
    path = nx.shortest_path(read, names["user/ann"], names["secret/shop/dbann"])
    edges = [read.get_edge_data(*pair)[key] for pair in pairwise(path) for key in read.get_edge_data(*pair)]

    assert [edge["way"] for edge in edges] == ["member-of", "secrets-get", "includes"]
    assert sum(edge["acts"] for edge in edges) == 1
    assert "binding RoleBinding shop/ann deploy/ann.yaml:12:3" in edges[1]["evidence"]
    assert read.nodes[path[0]]["identity"] is True


def test_nothing_is_left_out() -> None:
    """A large graph is written whole."""
    report = access_large.build(3)

    assert _read(report).number_of_edges() == len(report.graph)
