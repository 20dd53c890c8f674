"""Every way, against its own example; and the parity of list, folder, examples and pages."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.posture.given import read

from strongroom.access.edges import WAYS
from strongroom.access.graph import build
from strongroom.access.names import anything_named, identity_named
from strongroom.access.pages import DEMONSTRATED, SECTIONS, Example, example, markdown, sections
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.errors import UsageError
from strongroom.model.facts import Facts
from strongroom.survey.access import know
from strongroom.survey.run import Request

ROOT = Path(__file__).parents[2] / "src" / "strongroom" / "access"

BY_VALUES = frozenset({"crd-conversion", "value-copy"})
"""Ways that need recognition: who holds a copy of a value."""


def _facts(way: Way, case: Example) -> Facts:
    if way.id not in BY_VALUES:
        return read(case.manifests)
    request = Request(sources=("-",), key=bytes(range(32)))
    return know(request, copies=True, stdin=io.BytesIO(case.manifests.encode())).facts


def _reached(following: list[list[int]], start: int) -> set[int]:
    found, waiting = {start}, [start]
    while waiting:
        for target in following[waiting.pop()]:
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def _ways_taken(way: Way, name: str, *, conditional: bool) -> set[str]:
    """Return the ids of the ways that lie on any path from the attacker of an example to what he should reach."""
    case = example(way, name)
    world = World(_facts(way, case))
    graph = build(world, conditional=conditional)
    try:
        start = graph.number[identity_named(case.attacker, graph, world)]
    except UsageError:
        return set()  # nothing leads from somebody whom nothing mentions
    end = graph.number[anything_named(case.reaches, graph, world)]
    forwards = [free + paid for free, paid in zip(graph.free, graph.paid, strict=True)]
    backwards = [free + paid for free, paid in zip(*graph.backwards, strict=True)]
    between = _reached(forwards, start) & _reached(backwards, end)
    if end not in between:
        return set()
    pairs = (pair for pair in graph.pairs() if between.issuperset(pair))
    return {step.way for pair in pairs for step in graph.steps(*pair)}


def _ids(ways: Iterable[Way]) -> list[str]:
    return [way.id for way in ways]


def test_list_and_folder_agree() -> None:
    """Every file of a way is in the list, under the id that its name says, and once."""
    files = sorted(p.stem.replace("_", "-") for p in (ROOT / "edges").glob("*.py") if p.stem != "__init__")

    assert files == sorted(_ids(WAYS))
    assert all(way.steps.__module__.endswith("." + way.id.replace("-", "_")) for way in WAYS)


def test_examples_belong_to_ways() -> None:
    """Every way has a folder of examples, and no folder is left without its way."""
    assert sorted(p.name for p in (ROOT / "examples").iterdir() if p.is_dir()) == sorted(_ids(WAYS))


@pytest.mark.parametrize("way", WAYS, ids=_ids(WAYS))
def test_way_has_its_page(way: Way) -> None:
    """Every page has its sections in their order, a technique, and, where nothing is shown, a word on why."""
    found = sections(way)
    headings = [heading for heading in found if heading and heading != DEMONSTRATED]

    assert headings == list(SECTIONS)
    assert all(found.values())
    assert way.techniques
    assert way.demonstrated or "Not demonstrated" in found.get(DEMONSTRATED, "") + found["References"]
    assert markdown(way).startswith(f"# {way.id}\n")


@pytest.mark.parametrize("way", WAYS, ids=_ids(WAYS))
def test_way_is_found_where_it_is_open(way: Way) -> None:
    """In its first example the attacker reaches what he is said to reach, by a path that takes this way."""
    assert way.id in _ways_taken(way, "setup", conditional=False) | _ways_taken(way, "setup", conditional=True)


@pytest.mark.parametrize("way", WAYS, ids=_ids(WAYS))
def test_nothing_is_found_where_it_is_closed(way: Way) -> None:
    """In its second example the attacker does not reach it; a way with a condition is not open with it either."""
    unconditional = way.id in _ways_taken(way, "setup", conditional=False)

    assert _ways_taken(way, "fixed", conditional=not unconditional) == set()
    assert _ways_taken(way, "fixed", conditional=False) == set()


def test_what_is_demonstrated_has_its_demonstration() -> None:
    """Every way that says a test shows it on a real API server is named by such a test."""
    folder = Path(__file__).parent / "demonstrations"
    named = "".join(path.read_text(encoding="utf-8") for path in folder.glob("test_*.py"))

    assert [way.id for way in WAYS if way.demonstrated and f'"{way.id}"' not in named] == []
