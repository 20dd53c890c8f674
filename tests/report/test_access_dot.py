"""Graphs for Graphviz, read by Graphviz."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any

import pytest
from tests.report import access_large, access_reports

from strongroom.model.access_report import AccessReport
from strongroom.report import access_dot
from strongroom.report.access_picture import joined, picture
from strongroom.report.access_words import named


def _read(report: AccessReport) -> dict[str, Any]:
    """Let Graphviz read the graph and say as JSON what it understood; without one, only CI fails."""
    program = shutil.which("dot")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("graphviz is not installed")
        pytest.skip("graphviz is not installed: apt-get install graphviz")
    text = "".join(access_dot.render(report))
    run = subprocess.run([program, "-Tdot_json"], input=text.encode(), capture_output=True, timeout=120, check=False)
    assert run.stderr == b""
    assert run.returncode == 0
    read: dict[str, Any] = json.loads(run.stdout)
    return read


@pytest.mark.parametrize("name", ["ann", access_reports.HOSTILE, 'a"];b->c', "\\", "\\N", "&lt;", "-->", ""])
def test_graphviz_reads_what_was_meant(name: str) -> None:
    """Whatever the names, there are the nodes and lines of the answer, and their labels are the names."""
    report = access_reports.report("exposure", name)
    read = _read(report)
    whole = picture(report)
    labels = [node["label"].replace("\\\\", "\\").replace("&amp;", "&") for node in read["objects"]]

    assert labels == [named(node) for node in whole.nodes]
    assert len(read["edges"]) == len(joined(whole.steps))


def test_a_condition_makes_a_line_dashed() -> None:
    """A line that is there only under a condition is dashed, and no other."""
    edges = _read(access_large.build(2, accounts=2, secrets=1))["edges"]

    assert {edge["label"] for edge in edges if edge.get("style") == "dashed"} == {"secrets-list"}
    assert {edge["label"] for edge in edges if "style" not in edge} == {"includes", "secrets-get", "member-of"}


def test_a_line_tells_its_evidence() -> None:
    """The tooltip of a line names the objects that it rests on."""
    (edge,) = [edge for edge in _read(access_reports.report("paths"))["edges"] if edge["label"] == "secrets-get"]

    assert "binding RoleBinding shop/ann" in edge["tooltip"]
