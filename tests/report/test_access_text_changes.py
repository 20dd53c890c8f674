"""What a change changes, for a terminal."""

from __future__ import annotations

import msgspec
from tests.report.access_reports import report

from strongroom.model.access import Node
from strongroom.model.access_report import AccessReport, Change
from strongroom.report.access_text import render
from strongroom.report.terminal import Terminal

_SECRET = Node("Secret", "shop", "db")
_ANN, _OWN = Node("User", "", "ann"), Node("User", "", "system:kube-scheduler")


def _lost(*identities: Node) -> AccessReport:
    changes = tuple(Change(one, (), (_SECRET,)) for one in identities)
    return msgspec.structs.replace(report("diff"), changes=changes, control_plane=(_OWN,))


def test_the_control_plane_is_counted_apart() -> None:
    """Identities of the control plane are no part of the number, and named on demand alone."""
    short = "".join(render(_lost(_ANN, _OWN), Terminal()))
    full = "".join(render(_lost(_ANN, _OWN), Terminal(verbose=True)))

    assert "1 identity reaches less; and 1 of the control plane itself (--verbose lists them) " in " ".join(
        short.split()
    )
    assert "1 identity reaches less; and 1 of the control plane itself\n" in full
    assert "user/ann" in " ".join(short.split())
    assert _OWN.show() in full
    assert _OWN.show() not in " ".join(short.split())


def test_the_control_plane_alone() -> None:
    """A change that the control plane alone has is told, too."""
    assert "nobody reaches less; and 1 of the control plane itself" in "".join(render(_lost(_OWN), Terminal()))
