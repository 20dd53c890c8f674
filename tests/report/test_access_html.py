"""Answers about access as HTML, read without a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest
from tests.report import access_large, access_reports
from tests.report.html_page import text

from strongroom.model.access import Node
from strongroom.report import access_html, html_page
from strongroom.report.access_html_graph import MOST_STEPS

_CODE = re.compile(r"<(style|script)([^>]*)>(.*?)</\1>", re.DOTALL)
_NAMES = ["ann", access_reports.HOSTILE, "</script><script>alert(1)</script>", "<!--", "]]>", "x" * 100_000]


class _Page:
    """One page; parsing fails where the markup is not well formed."""

    def __init__(self, html: str) -> None:
        self.code = [(name + attributes, body) for name, attributes, body in _CODE.findall(html)]
        self.root = ET.fromstring(_CODE.sub(r"<\1></\1>", html))  # noqa: S314

    def rows(self, table: str) -> list[list[str]]:
        """Return the cells of a table."""
        (found,) = [element for element in self.root.iter() if element.get("id") == table]
        return [[text(cell) for cell in row] for row in found.iter() if row.tag.endswith("}tr")]

    @property
    def graph(self) -> dict[str, Any]:
        """What the script draws."""
        (data,) = [body for name, body in self.code if "application/json" in name]
        read: dict[str, Any] = json.loads(data)
        return read


@pytest.mark.parametrize("question", access_reports.QUESTIONS)
@pytest.mark.parametrize("name", _NAMES, ids=range(len(_NAMES)))
def test_a_name_never_becomes_markup(question: str, name: str) -> None:
    """Whatever the names, the page is well formed, and has its own code and nothing else."""
    page = _Page(access_html.render(access_reports.report(question, name)))

    assert [code for code, _ in page.code] == [
        "style",
        'script type="application/json" id="graph-data"',
        "script",
        "script",
    ]
    assert not re.search("[<>&]", page.code[1][1])
    ids = [element.attrib["id"] for element in page.root.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))


def test_the_policy_allows_the_code_of_the_page_by_its_hash() -> None:
    """Style sheet, library and script are allowed by hash; nothing is fetched from anywhere."""
    html = access_html.render(access_reports.report("exposure"))
    page = _Page(html)
    (policy,) = [one.attrib["content"] for one in page.root.iter() if one.get("http-equiv")]
    for name, body in page.code:
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert (f"sha256-{digest}" in policy) == ("application/json" not in name)
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    attributes = [(key, value) for element in page.root.iter() for key, value in element.attrib.items()]
    assert not [value for key, value in attributes if key in ("src", "href") and not value.startswith(("#", "data:"))]


@pytest.mark.parametrize("question", access_reports.QUESTIONS)
def test_the_tables_say_what_the_graph_says(question: str) -> None:
    """Every step of the graph is a row of the table of steps, with its way and its evidence."""
    page = _Page(access_html.render(access_reports.report(question)))
    graph = page.graph
    header, *rows = page.rows("steps-table")

    assert header == ["From", "Way", "To", "Rests on"]
    for (source, target, way, evidence, _, _), row in zip(graph["steps"], rows, strict=True):
        assert (row[0], row[2]) == (graph["nodes"][source][0], graph["nodes"][target][0])
        assert graph["ways"][way][0] in row[1]
        for part in evidence:
            assert all(word in row[3] for word in graph["evidence"][part])
    assert "binding RoleBinding shop/ann deploy/ann.yaml:12:3" in rows[1][3]


def test_a_row_of_the_answer_knows_its_node() -> None:
    """The row of a Secret leads to that Secret in the graph."""
    page = _Page(access_html.render(access_large.build(2)))
    rows = [row for row in page.root.iter() if row.get("data-node") and len(row) > 4]

    for row in rows[:3]:
        node = page.graph["nodes"][int(row.attrib["data-node"])]
        assert node[0] == f"secret/{text(row[0])}/{text(row[1])}"


def test_a_page_of_a_large_cluster_is_bounded_and_says_so() -> None:
    """Steps and rows beyond the limits are counted, not silently dropped."""
    report = access_large.build(230)
    html = access_html.render(report)
    page = _Page(html)
    rest = len(report.graph) - MOST_STEPS

    assert len(page.graph["steps"]) == MOST_STEPS
    assert f"{rest:,} further ones" in html
    assert len(page.rows("steps-table")) == access_html.MOST_ROWS + 1
    assert f"and {len(report.graph) - access_html.MOST_ROWS:,} more" in html
    assert len(html) < 12 << 20


def test_an_empty_answer_says_so() -> None:
    """Where nobody reaches anything there is no graph, no library, and a sentence."""
    report = msgspec.structs.replace(access_reports.report("paths"), routes=(), graph=())
    html = access_html.render(report)

    assert "There is nothing to tell: nobody." in html
    assert 'id="graph' not in html
    assert len(html) < 100_000


def test_a_review_is_whole_and_has_room_to_sign() -> None:
    """A review lists every line, however many, with columns to fill in, and ends with a place for a signature."""
    report = access_reports.report("review")
    many = tuple(
        msgspec.structs.replace(report.review[0], identity=Node("User", "", f"user-{index}"))
        for index in range(access_html.MOST_ROWS + 1)
    )
    page = _Page(access_html.render(msgspec.structs.replace(report, review=many)))
    header, *rows = page.rows("answer-table")

    assert header[-3:] == ["keep", "reviewed by", "date"]
    assert len(rows) == access_html.MOST_ROWS + 1
    assert all(row[-3:] == ["", "", ""] for row in rows)
    (sign,) = [element for element in page.root.iter() if element.get("id") == "sign"]
    assert [text(word) for word in sign.iter() if word.tag.endswith("}dt")][:3] == ["Reviewed by", "Role", "Date"]


def test_the_same_answer_gives_the_same_bytes() -> None:
    """Nothing in a page depends on the run."""
    report = access_large.build(2)

    assert access_html.render(report) == access_html.render(report)


def test_what_could_not_be_known_is_said() -> None:
    """Steps that were left out, notes and problems stand above the answer."""
    html = access_html.render(access_reports.report("exposure"))

    assert "Left out: 3 steps" in html


def test_the_library_stands_in_the_package_with_its_licence() -> None:
    """The copy of Cytoscape.js is the one that its note names, with the licence text beside it and in it."""
    folder = Path(html_page.__file__).parent / "vendor" / "cytoscape"
    library = html_page.source("vendor/cytoscape/cytoscape.min.js")
    (version,) = re.findall(r"cytoscape ([0-9.]+) \(MIT\)", (folder / "README").read_text())

    assert f'"{version}"' in library
    assert "Permission is hereby granted" in (folder / "LICENSE").read_text()
    assert "Permission is hereby granted" in library[:1500]
    assert "</script" not in library.lower()
