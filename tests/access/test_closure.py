"""Who reaches what, for everybody at once: cycles, long chains, many members."""

from __future__ import annotations

from itertools import pairwise

from tests.access.small import graph, node

from strongroom.access.closure import COUNTED, Closure, components, places
from strongroom.access.graph import Graph
from strongroom.model.access import MEMBER, Node, Step


def _who(found: Graph, word: str) -> set[str]:
    closure = Closure(found, found.identities())
    return {found.nodes[number].name for number in closure.members(closure.reached_by[found.number[node(word)]])}


def test_a_cycle_is_reached_by_everybody_in_it() -> None:
    """Identities that reach each other reach the same Secret."""
    found = graph("a b", "b c", "c a", "b S", "d a")

    assert _who(found, "S") == {"a", "b", "c", "d"}


def test_nobody_reaches_backwards() -> None:
    """A step leads one way only."""
    found = graph("a S", "a b")

    assert _who(found, "S") == {"a"}


def test_a_step_to_itself_is_none() -> None:
    """Who grants himself what he has needs no act for it and gains nothing."""
    found = graph("a a", "a S")

    assert _who(found, "S") == {"a"}
    assert list(found.pairs()) == [(found.number[node("a")], found.number[node("S")])]


def test_acts_are_counted_and_memberships_are_not() -> None:
    """Being in a group, and holding what a power includes, costs nothing."""
    found = graph("a = g1", "g1 = g2", "g2 *ns", "*ns = S", "b a")
    closure = Closure(found, found.identities())
    (levels,) = closure.levels([found.number[node("S")]])

    assert {found.nodes[n].name for n in closure.members(levels[1])} == {"a", "g1", "g2"}
    assert {found.nodes[n].name for n in closure.members(levels[2])} == {"b"}
    assert not any(levels[3:])


def test_groups_in_each_other_end() -> None:
    """Groups that are members of each other hold what either holds."""
    found = graph("a = g1", "g1 = g2", "g2 = g1", "g2 S")

    assert _who(found, "S") == {"a", "g1", "g2"}


def test_a_long_chain_is_followed_to_its_end() -> None:
    """Ten thousand identities one after the other overflow no stack, and the far ones are told as far."""
    people = [Node("User", "", f"u{index:05}") for index in range(10_000)]
    steps = [Step(a, b, "act") for a, b in pairwise(people)]
    found = Graph([*steps, Step(people[-1], node("S"), "act")])
    closure = Closure(found, found.identities())
    secret = found.number[node("S")]
    (levels,) = closure.levels([secret])

    assert closure.reached_by[secret].bit_count() == len(people)
    assert [level.bit_count() for level in levels] == [0, *([1] * COUNTED), len(people) - COUNTED]


def test_ten_thousand_members() -> None:
    """Each member of a large group reaches what the group reaches."""
    members = [Step(Node("User", "", f"u{index}"), node("g"), MEMBER) for index in range(10_000)]
    found = Graph([*members, Step(node("g"), node("S"), "act")])
    closure = Closure(found, found.identities())

    assert closure.reached_by[found.number[node("S")]].bit_count() == 10_001


def test_backwards_it_is_what_each_reaches() -> None:
    """Backwards, the sources are the Secrets and every node has those that it reaches."""
    found = graph("a S", "a b", "b T")
    closure = Closure(found, found.secrets(), backwards=True)
    reached = closure.reached_by[found.number[node("a")]]

    assert {found.nodes[n].name for n in closure.members(reached)} == {"S", "T"}
    assert closure.reached_by[found.number[node("b")]].bit_count() == 1


def test_somebody_unknown_reaches_nothing() -> None:
    """A source that the graph does not hold keeps its bit, and it is never set."""
    found = graph("a S")
    closure = Closure(found, [-1, found.number[node("a")]])

    assert list(places(closure.reached_by[found.number[node("S")]])) == [1]


def test_components_are_numbered_backwards() -> None:
    """A component has a higher number than those that it leads to."""
    component = components([[1], [2], [1, 3], []])

    assert component[1] == component[2]
    assert component[0] > component[1] > component[3]


def test_places_of_large_sets() -> None:
    """The bits of a set are found in order, however far apart they are."""
    assert list(places(1 | 1 << 7 | 1 << 8 | 1 << 4000)) == [0, 7, 8, 4000]
    assert list(places(0)) == []
