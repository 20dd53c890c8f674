"""The inventory for people: one block per secret."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from tests.report import factories as make
from tests.report import hostile, shop, snapshot

from strongroom.model.report import Report
from strongroom.report import inventory_csv, inventory_json, inventory_text
from strongroom.report.terminal import Terminal


def rendered(report: Report, terminal: Terminal = Terminal()) -> str:  # noqa: B008  (a frozen tuple)
    """Return the whole inventory as one text."""
    return "".join(inventory_text.render(report, terminal))


def test_the_inventory_of_a_small_platform() -> None:
    """The inventory reads as the snapshots do, in each of its formats."""
    snapshot.check("inventory.txt", rendered(shop.build()))
    snapshot.check("inventory.json", "".join(inventory_json.render(shop.build())))
    snapshot.check("inventory.csv", "".join(inventory_csv.render(shop.build())))


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """At any width, with hostile names, no line takes more columns than there are."""
    for report in (shop.build(), hostile.report()):
        assert all(cell_len(line) <= width for line in rendered(report, Terminal(width=width)).splitlines())


def test_a_secret_without_definition_or_use_says_so() -> None:
    """What is only referenced, and what nothing uses, is told in words."""
    shown = rendered(make.report(secrets=[make.secret("lost")]))
    assert "defined    nowhere in the sources" in shown
    assert "consumed   by nothing in the sources" in shown
    assert "1 secret, 1 only referenced, 1 used by nothing here." in shown


def test_a_hundred_consumers_are_summed_up() -> None:
    """A Secret that everything uses shows twenty uses and counts the rest, unless everything is asked for."""
    record = make.secret(consumers=[make.consumer(f"app-{n:03}") for n in range(100)])
    shown = rendered(make.report(secrets=[record]))
    assert shown.count("by Deployment") == 20
    assert "and 80 more (--verbose lists them)" in shown
    assert rendered(make.report(secrets=[record]), Terminal(verbose=True)).count("by Deployment") == 100
