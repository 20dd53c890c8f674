"""Paths for a terminal: what is reached by the same acts is told once."""

from __future__ import annotations

import msgspec
from tests.report.access_reports import report

from strongroom.model.access import INCLUDES, Node, Power, Step, power
from strongroom.model.access_report import Reached, Route
from strongroom.report.access_text import render
from strongroom.report.access_text_routes import by_path, common
from strongroom.report.terminal import Terminal

_ANN, _BOB, _READS = Node("User", "", "ann"), Node("User", "", "bob"), power(Power.READ_SECRETS, "shop")


def _reached(name: str, who: Node = _ANN) -> Reached:
    secret = Node("Secret", "shop", name)
    return Reached(secret, 1, Route((Step(who, _READS, "secrets-list"), Step(_READS, secret, INCLUDES))))


def test_what_a_power_includes_is_one_path() -> None:
    """Secrets that are had by the same acts are together; those of somebody else, or without a path, are not."""
    alone = Reached(Node("Secret", "shop", "c"), 1)
    found = [_reached("a"), _reached("x", _BOB), alone, _reached("b")]

    assert by_path(found) == [[found[0], found[3]], [found[1]], [alone]]
    assert [step.target for step in common([found[0], found[3]]).steps] == [_READS]
    assert common([found[0]]) == found[0].route


def test_a_path_to_many_is_told_once() -> None:
    """Thirty Secrets by one path are one path with the first names; every name is there on demand."""
    many = msgspec.structs.replace(report("reach"), reached=tuple(_reached(f"s{index:02}") for index in range(30)))
    short = "".join(render(many, Terminal()))
    full = "".join(render(many, Terminal(verbose=True)))

    assert "30 by one path" in short
    assert short.count("  secrets-list\n") == full.count("  secrets-list\n") == 1
    assert "and 22 more" in " ".join(short.split())
    assert all(f"secret/shop/s{index:02}" in full for index in range(30))
