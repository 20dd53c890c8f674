"""Flowcharts for Mermaid, drawn by Mermaid in a browser."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext
from tests.report import access_large, access_reports

from strongroom.model.access_report import AccessReport
from strongroom.report import access_mermaid
from strongroom.report.access_picture import picture
from strongroom.report.access_words import named

_PACKAGE = "mermaid@11.17.2"
_NODE = re.compile(
    r'  n\d+(\(\[|\[\[|\[/|\[\(|\[|>|\{\{|\()"[A-Za-z0-9 /.,:_()#;-]+"(\]\)|\]\]|/\]|\\\]|\)\]|\]|\}\}|\)):::\w+'
)
_EDGE = re.compile(r'  n\d+ (-->|-\.->)\|"[a-z0-9 ,#;-]+"\| n\d+')
_CLASS = re.compile(r"  classDef \w+ fill:#\w{6},stroke:#\w{6},color:#111")
_MORE = re.compile(r'  more\["and [0-9,]+ steps? more: the format dot has them all"\]')
_DRAW = """async (text) => {
  mermaid.initialize({ startOnLoad: false });
  const { svg } = await mermaid.render("drawn", text);
  document.body.innerHTML = svg;
  const texts = (selector) => Array.from(document.querySelectorAll(selector), (part) => part.textContent.trim());
  return { nodes: texts("g.node"), lines: document.querySelectorAll("path.flowchart-link").length, run: window.ran };
}"""


@pytest.fixture(scope="session")
def library() -> Path:
    """Fetch the library once per machine; where it cannot be had, only a machine that must test everything fails."""
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "strongroom" / _PACKAGE
    kept = folder / "mermaid.min.js"
    if kept.is_file():
        return kept
    npm = shutil.which("npm")
    own = folder / str(os.getpid())
    own.mkdir(parents=True, exist_ok=True)
    command = [npm or "npm", "pack", "--silent", _PACKAGE]
    if npm is None or subprocess.run(command, cwd=own, capture_output=True, timeout=300, check=False).returncode:
        if os.environ.get("CI") == "true":
            pytest.fail("npm cannot fetch mermaid")
        pytest.skip("npm cannot fetch mermaid")
    with tarfile.open(next(own.glob("*.tgz"))) as archive:
        member = archive.extractfile("package/dist/mermaid.min.js")
        assert member is not None
        (own / "mermaid.min.js").write_bytes(member.read())
    (own / "mermaid.min.js").replace(kept)
    shutil.rmtree(own)
    return kept


@pytest.fixture
def draw(context: BrowserContext, library: Path) -> Callable[[str], dict[str, Any]]:
    """Return what draws a flowchart and says which nodes and lines it has."""
    page = context.new_page()
    page.set_content("<p></p>")
    page.add_script_tag(path=library)
    return lambda text: page.evaluate(_DRAW, text)


@pytest.mark.parametrize(
    "name", ["ann", access_reports.HOSTILE, '"]; n0 --> n1; click n0 "javascript:ran=1"', "`**b**`", "end"]
)
def test_mermaid_draws_what_was_meant(draw: Callable[[str], dict[str, Any]], name: str) -> None:
    """Whatever the names, Mermaid draws the nodes of the answer under their names, and runs nothing."""
    report = access_reports.report("exposure", name)
    drawn = draw("".join(access_mermaid.render(report)))

    assert sorted(drawn["nodes"]) == sorted(named(node) for node in picture(report).nodes)
    assert drawn["lines"] == 3
    assert "run" not in drawn or drawn["run"] is None


def test_mermaid_draws_the_largest_flowchart(draw: Callable[[str], dict[str, Any]]) -> None:
    """A graph that is larger than Mermaid's limits is cut to them, and says how much is missing."""
    text = "".join(access_mermaid.render(access_large.build(40)))
    drawn = draw(text)

    assert drawn["lines"] == access_mermaid.MOST_LINES
    assert any("8,640 steps more" in node for node in drawn["nodes"])


@pytest.mark.parametrize("question", access_reports.QUESTIONS)
@pytest.mark.parametrize("name", ["ann", access_reports.HOSTILE, "x" * 100_000])
def test_every_line_is_of_the_form_that_mermaid_knows(question: str, name: str) -> None:
    """A flowchart consists of nodes, lines and classes, each on its line, within Mermaid's limit of characters."""
    text = "".join(access_mermaid.render(access_reports.report(question, name)))
    first, *rest = text.splitlines()

    assert first == "flowchart LR"
    assert [line for line in rest if not any(form.fullmatch(line) for form in (_NODE, _EDGE, _CLASS, _MORE))] == []
    assert len(text) < access_mermaid.MOST_CHARACTERS + 2_000


def test_long_names_do_not_exceed_the_limit_of_characters() -> None:
    """Where names are long fewer steps are drawn, and all that are missing are counted."""
    report = access_large.build(1, accounts=300)
    long = "x" * 390
    steps = tuple(
        step.__class__(step.source._replace(name=f"{long}{index}"), step.target, step.way)
        for index, step in enumerate(report.graph)
    )
    changed = report.__class__(**{name: getattr(report, name) for name in report.__struct_fields__} | {"graph": steps})
    text = "".join(access_mermaid.render(changed))
    missing = int(re.findall(r"and ([0-9,]+) steps more", text)[0].replace(",", ""))

    assert len(text) <= access_mermaid.MOST_CHARACTERS
    assert text.count("-->") + missing == len(steps)


@pytest.mark.parametrize(("question", "said"), [("diff", "nobody reaches more"), ("exposure", "nobody reaches it")])
def test_an_empty_picture_says_what_was_asked(question: str, said: str) -> None:
    """Where somebody only loses reach, the picture of a diff does not say that nobody reaches anything."""
    empty = AccessReport("strongroom", question, "", (), "")
    assert "".join(access_mermaid.render(empty)) == f'flowchart LR\n  nobody["{said}"]\n'
