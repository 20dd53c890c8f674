"""CSV: one row per finding or per secret, which no spreadsheet executes."""

from __future__ import annotations

import csv as stdlib
import io

from tests.report import factories as make
from tests.report import hostile, shop, snapshot

from strongroom.model.report import Report
from strongroom.report import csv, inventory_csv


def table(report: Report) -> list[dict[str, str]]:
    """Return the rows of the findings as a reader of CSV gets them."""
    return list(stdlib.DictReader(io.StringIO("".join(csv.render(report))), strict=True))


def test_the_report_of_a_small_platform() -> None:
    """The whole table reads as the snapshot does."""
    snapshot.check("report.csv", "".join(csv.render(shop.build())))


def test_each_finding_is_one_row_in_order() -> None:
    """Rows follow the findings of the report, and each has a cell for every column."""
    report = shop.build()
    rows = table(report)
    assert [row["fingerprint"] for row in rows] == [finding.fingerprint for finding in report.findings]
    assert all(tuple(row) == csv.COLUMNS and None not in row.values() for row in rows)


def test_no_cell_is_a_formula() -> None:
    """Names that start with a formula's character get a quote in front; a line break does not break the row."""
    rows = table(hostile.report())
    assert len(rows) == len(hostile.NAMES)
    secrets = list(stdlib.reader(io.StringIO("".join(inventory_csv.render(hostile.report())))))
    cells = [cell for row in rows for cell in row.values()] + [cell for row in secrets for cell in row]
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@"))]
    assert "'=HYPERLINK(1)" in cells


def test_the_same_object_is_named_once_per_secret() -> None:
    """A workload that uses a Secret in three ways is one consumer of the row."""
    record = make.secret(consumers=[make.consumer("api", key=key) for key in ("a", "b", "c")])
    text = "".join(inventory_csv.render(make.report(secrets=[record])))
    assert text.count("Deployment shop/api") == 1
