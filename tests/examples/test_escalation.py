"""The example cluster with planted ways: all of them are found, and nothing else is claimed."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from strongroom.access.edges import WAYS
from strongroom.access.questions import control_plane
from strongroom.access.routes import Tree
from strongroom.model.access import FREE
from strongroom.model.access_report import Route
from strongroom.survey.access import Known, know
from strongroom.survey.run import Request

EXAMPLE = Path(__file__).parents[2] / "examples" / "escalation"

Pair = tuple[str, str]
"""Who, and which Secret."""


@pytest.fixture(scope="module")
def known() -> Known:
    """Everything that the example says."""
    return know(Request(sources=(str(EXAMPLE),), key=bytes(range(32))), copies=True)


def rows() -> list[dict[str, str]]:
    """Return the planted list."""
    with (EXAMPLE / "PLANTED.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def planted(known: Known) -> dict[Pair, str]:
    """Return who is said to reach what, and by which ways; a star stands for every Secret."""
    every = [known.graph.nodes[number].show() for number in known.graph.secrets()]
    return {
        (row["attacker"], secret): row["ways"]
        for row in rows()
        for secret in (every if row["secret"] == "*" else [row["secret"]])
    }


def claimed(known: Known) -> dict[Pair, set[str]]:
    """Return who reaches what by the graph, and by which ways: those of each shortest path.

    What belongs to every control plane is left out.
    """
    graph, found = known.graph, {}
    for number in graph.identities():
        if graph.nodes[number] not in control_plane():
            tree = Tree(graph, number)
            for secret in graph.secrets():
                ways = {_ways(route) for route in tree.routes(secret)}
                if ways:
                    found[graph.nodes[number].show(), graph.nodes[secret].show()] = ways
    return found


def _ways(route: Route) -> str:
    return " > ".join(step.way for step in route.steps if step.way not in FREE)


def test_every_planted_way_is_found_and_nothing_else(known: Known) -> None:
    """Who reaches what by the graph is exactly the planted list."""
    expected, found = planted(known), claimed(known)

    assert sorted(expected.keys() - found.keys()) == [], "planted, but not found"
    assert sorted(found.keys() - expected.keys()) == [], "found, but not planted"


def test_every_planted_way_is_taken(known: Known) -> None:
    """Each row names the ways of a shortest path."""
    found = claimed(known)

    assert {pair: ways for pair, ways in planted(known).items() if ways not in found[pair]} == {}


def test_the_list_is_as_large_as_the_readme_says() -> None:
    """At least a dozen attackers, as many as the README counts; each way exists, and each row says why."""
    attackers = {row["attacker"] for row in rows() if row["kind"] == "planted"}
    ways = {way for row in rows() for way in row["ways"].split(" > ")}

    assert f"{len(attackers)} people and programs" in (EXAMPLE / "README.md").read_text(encoding="utf-8")
    assert ways <= {way.id for way in WAYS}
    assert {row["kind"] for row in rows()} == {"planted", "meant"}
    assert [row for row in rows() if len(row["why"].split()) < 2] == []


def test_decoys_are_in_no_row() -> None:
    """Nobody whom the file of decoys names is in the list."""
    text = (EXAMPLE / "cluster" / "decoys.yaml").read_text(encoding="utf-8")
    names = {line.split(":")[1].strip() for line in text.splitlines() if line.strip().startswith("name: ")}

    assert not names & {row["attacker"].rpartition("/")[2] for row in rows()}


def test_everything_is_read(known: Known) -> None:
    """No document of the example is skipped as broken."""
    assert [skipped for skipped in known.reading.skipped if skipped.problem] == []
