"""The graph of an answer, and the part of it that a picture can hold."""

from __future__ import annotations

import pytest
from tests.report import access_large, access_reports

from strongroom.model.access import Node
from strongroom.report.access_picture import LOOKS, family, joined, nearest, picture


@pytest.mark.parametrize("question", access_reports.QUESTIONS)
def test_every_answer_has_a_graph(question: str) -> None:
    """The graph has the steps of the answer once, and a start among its nodes."""
    whole = picture(access_reports.report(question))

    assert len(whole.steps) == len(set(whole.steps)) == 3
    assert whole.start in whole.nodes
    assert list(whole.nodes) == sorted(whole.nodes)


@pytest.mark.parametrize("question", ["exposure", "reach", "paths", "diff", "what-if"])
def test_without_a_graph_the_paths_are_one(question: str) -> None:
    """An answer whose graph was not asked for still shows the steps of its paths."""
    report = access_reports.report(question)
    bare = report.__class__(**{name: getattr(report, name) for name in report.__struct_fields__} | {"graph": ()})

    assert picture(bare).steps == picture(report).steps


def test_the_start_is_what_was_asked_about() -> None:
    """Where the question names a node the picture starts there; otherwise at the Secret that most identities reach."""
    report = access_large.build(2)

    assert picture(report).start == Node("Secret", "team-0", "secret-0")


def test_what_is_left_out_is_counted_and_what_stays_is_near() -> None:
    """A part of a graph holds what surrounds its start, and says how many steps it does not have."""
    whole = picture(access_large.build(3))
    part = nearest(whole, 200)

    assert len(part.steps) == 200
    assert part.left_out == len(whole.steps) - 200
    assert set(part.steps) < set(whole.steps)
    assert {node for step in part.steps for node in (step.source, step.target)} == set(part.nodes)
    assert Node("Secret", "team-0", "secret-0") in part.nodes
    assert Node("ServiceAccount", "team-0", "account-99") in part.nodes
    assert nearest(whole, len(whole.steps)) is whole


def test_steps_between_the_same_two_are_one_line() -> None:
    """Steps are joined by where they lead from and to, and none is lost."""
    whole = picture(access_reports.report("paths"))
    both = joined([*whole.steps, *whole.steps])

    assert len(both) == 3
    assert all(len(steps) == 2 for steps in both.values())


def test_every_kind_has_a_look() -> None:
    """What runs looks the same whatever its kind; everything else has its own look."""
    assert family(Node("CronJob", "a", "b")) == family(Node("Pod", "a", "b")) == "Code"
    assert {family(Node(kind, "", "x")) for kind in LOOKS} == set(LOOKS)
