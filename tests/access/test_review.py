"""The lines of an access review."""

from __future__ import annotations

from tests.access.small import graph, node
from tests.posture.given import facts_of

from strongroom.access.graph import Graph
from strongroom.access.review import Custody, Review, custody_of
from strongroom.model.access import Node, Step


def _secret(namespace: str, name: str) -> Node:
    return Node("Secret", namespace, name)


def test_one_line_for_each_namespace() -> None:
    """Who reaches some Secrets of one namespace and all of another has two lines; who reaches all has one."""
    one, two, other = _secret("a", "one"), _secret("a", "two"), _secret("b", "other")
    steps = [
        Step(node("x"), one, "get"),
        Step(node("x"), other, "get"),
        *(Step(node("z"), s, "get") for s in (one, two, other)),
    ]
    rows = Review(Graph(steps), {one: Custody("2026-01-02", "shop"), other: Custody("2026-03-04")}, {}).rows()

    assert [(r.identity.name, r.namespace, r.secrets, r.count) for r in rows] == [
        ("z", "", (), 3),
        ("x", "a", ("one",), 1),
        ("x", "b", (), 1),
    ]
    assert (rows[0].changed, rows[0].owners) == ("2026-03-04", ("shop",))


def test_a_line_says_by_what_and_how_far() -> None:
    """The acts of the nearest Secret, and the members of a group as far as known."""
    found = graph("g -exec- b", "b -get- S")
    rows = Review(found, {}, {"g": ((node("a"), None), (node("c"), None))}).rows()
    (row,) = [row for row in rows if row.identity == node("g")]

    assert (row.steps, row.means, row.members) == (2, ("exec", "get"), 2)


def test_nobody_who_reaches_nothing_is_listed() -> None:
    """Identities without reach have no line."""
    assert [r.identity.name for r in Review(graph("a S", "b c"), {}, {}).rows()] == ["a"]


def test_owner_and_last_change_of_a_secret() -> None:
    """The owner is what the first owner label says, the last change what is known of it."""
    facts = facts_of(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": "db",
                "labels": {"team": "payments"},
                "creationTimestamp": "2026-05-06T07:08:09Z",
            },
        }
    )

    assert custody_of(facts.secrets[0], ("owner", "team")) == ("2026-05-06T07:08:09+00:00", "payments")
