"""Who reaches what he did not before."""

from __future__ import annotations

from tests.access.small import graph, node

from strongroom.access.changes import changes
from strongroom.access.graph import Graph
from strongroom.model.access import MEMBER, Node, Step


def test_what_is_gained_and_lost_is_told_with_a_path() -> None:
    """Whoever reaches a known Secret that he did not is told with the path; whoever no longer does is told too."""
    found = changes(graph("a S", "b T"), graph("b S", "b T"))

    assert [(one.identity.name, [r.node.name for r in one.gained], one.lost) for one in found] == [
        ("b", ["S"], ()),
        ("a", [], (node("S"),)),
    ]
    route = found[0].gained[0].route
    assert route is not None
    assert route.steps[-1].target == node("S")


def test_a_new_secret_is_no_growth() -> None:
    """A Secret that did not exist before is told apart."""
    (one,) = changes(graph("a S"), graph("a S", "a T"))

    assert one.on_new == (node("T"),)
    assert not one.gained


def test_a_new_identity_that_reaches_an_old_secret_is_growth() -> None:
    """Somebody new who reaches what was there before has gained it."""
    (one,) = changes(graph("a S"), graph("a S", "z S"))

    assert (one.identity.name, [reached.node.name for reached in one.gained]) == ("z", ["S"])


def test_the_same_graph_changes_nothing() -> None:
    """Nothing is told where nothing changed, in whatever order the steps come."""
    assert changes(graph("a S", "b = g", "g S"), graph("b = g", "g S", "a S")) == []


def test_members_of_a_built_in_group_are_told_once() -> None:
    """Where every ServiceAccount comes to reach a Secret, the group is told and not each account."""
    everybody = Node("Group", "", "system:serviceaccounts")
    account = Node("ServiceAccount", "shop", "api")
    member = Step(account, everybody, MEMBER)
    before = Graph([member, Step(node("a"), node("S"), "act")])
    after = Graph([member, Step(node("a"), node("S"), "act"), Step(everybody, node("S"), "act")])

    assert [one.identity for one in changes(before, after)] == [everybody]
