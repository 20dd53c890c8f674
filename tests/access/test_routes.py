"""Shortest paths: the fewest acts, then the fewest steps, and always the same one."""

from __future__ import annotations

from tests.access.small import graph, node

from strongroom.access.routes import MOST, Tree
from strongroom.model.access_report import Route


def _line(route: Route | None) -> str:
    assert route is not None
    return " ".join([route.steps[0].source.name, *(step.target.name for step in route.steps)])


def test_fewest_acts_win() -> None:
    """A longer line of memberships is shorter than two acts."""
    found = graph("a b", "b S", "a = g1", "g1 = g2", "g2 = g3", "g3 S")
    route = Tree(found, found.number[node("a")]).route(found.number[node("S")])

    assert _line(route) == "a g1 g2 g3 S"


def test_fewer_steps_win_a_draw() -> None:
    """Of two paths with as many acts the one with fewer steps is told."""
    found = graph("a = g1", "g1 S", "a S")
    route = Tree(found, found.number[node("a")]).route(found.number[node("S")])

    assert _line(route) == "a S"


def test_all_shortest_paths_in_order() -> None:
    """Several shortest paths come in the order of their nodes, and not more than are asked for."""
    found = graph(*(f"a {b}" for b in "bcd"), *(f"{b} S" for b in "dcb"))
    tree = Tree(found, found.number[node("a")])
    end = found.number[node("S")]

    assert [_line(route) for route in tree.routes(end)] == ["a b S", "a c S", "a d S"]
    assert len(list(tree.routes(end, 2))) == 2


def test_backwards_the_path_still_leads_forwards() -> None:
    """Looked for from its end, a path is the same one."""
    found = graph("a b", "b S", "a c", "c S")
    route = Tree(found, found.number[node("S")], backwards=True).route(found.number[node("a")])

    assert _line(route) == "a b S"


def test_no_path() -> None:
    """What is not reached has no path."""
    found = graph("a S", "b T")

    assert Tree(found, found.number[node("a")]).route(found.number[node("T")]) is None


def test_a_great_many_paths_are_cut() -> None:
    """Forty diamonds in a row have 2^40 shortest paths: the first few are told at once."""
    lines = [line for n in range(40) for line in (f"n{n} l{n}", f"n{n} r{n}", f"l{n} n{n + 1}", f"r{n} n{n + 1}")]
    found = graph(*lines, "n40 S")

    assert len(list(Tree(found, found.number[node("n0")]).routes(found.number[node("S")]))) == MOST
