"""What an audit of real manifests reports, each finding read in its file and labelled.

The manifests are data of others and stand beside the repository (``STRONGROOM_CORPORA``); the labels are kept here, in
``labels.csv``. A label is true where the statement of the finding holds and deserves the attention of a platform
engineer at that severity, be the file a demonstration or not.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from strongroom.model.finding import Audience, Finding, Severity
from strongroom.survey.run import Request, survey

_BESIDE = Path(__file__).parents[3] / "shared" / "corpora"
CORPORA = Path(os.environ.get("STRONGROOM_CORPORA", _BESIDE)).resolve() / "manifests"
LABELS = Path(__file__).with_name("labels.csv")
KEY = bytes(range(32))
NOW = datetime(2026, 11, 1, tzinfo=UTC)
ENOUGH = 0.95
_HIGH = ("high", "critical")

if not CORPORA.is_dir():
    pytest.skip("the corpora of real manifests are not on this machine", allow_module_level=True)


class Place(NamedTuple):
    """Which finding a label speaks of."""

    path: str
    line: int
    check: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.check}"


class Label(NamedTuple):
    """What a reading of one finding gave."""

    severity: str
    true: bool
    why: str


def _labels() -> dict[Place, Label]:
    with LABELS.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    labels = {
        Place(row["path"], int(row["line"]), row["check"]): Label(row["severity"], row["label"] == "true", row["why"])
        for row in rows
    }
    assert len(labels) == len(rows), "two labels speak of the same finding"
    assert {row["label"] for row in rows} <= {"true", "false"}
    return labels


def _place(finding: Finding) -> Place:
    return Place(Path(finding.origin.path).absolute().relative_to(CORPORA).as_posix(), finding.origin.line, finding.id)


def _precision(labels: Iterable[Label]) -> float:
    true = [label.true for label in labels]
    return sum(true) / len(true)


@pytest.fixture(scope="module")
def labels() -> dict[Place, Label]:
    """The labels, by the finding that they speak of."""
    return _labels()


@pytest.fixture(scope="module")
def findings() -> list[Finding]:
    """What one audit of everything reports to everybody."""
    report = survey(Request((str(CORPORA),), KEY, pedantic=True, render=False, now=NOW))
    return [f for f in report.findings if f.audience is Audience.EVERYBODY]


def test_every_finding_from_high_on_is_labelled(findings: list[Finding], labels: dict[Place, Label]) -> None:
    """No finding of severity high or critical is without a label."""
    new = sorted(str(_place(f)) for f in findings if f.severity >= Severity.HIGH and _place(f) not in labels)
    assert not new, "read each of these in the corpora and label it in tests/precision/labels.csv:\n" + "\n".join(new)


def test_labels_are_of_this_version(findings: list[Finding], labels: dict[Place, Label]) -> None:
    """Every label speaks of a finding that is still reported, with the severity that it had when it was read."""
    reported = {_place(f): f.severity.label for f in findings}
    gone = sorted(str(place) for place in labels if place not in reported)
    assert not gone, "nothing is reported there any more; if that is right, take the labels out:\n" + "\n".join(gone)
    moved = sorted(str(place) for place, label in labels.items() if reported[place] != label.severity)
    assert not moved, "the severity is another one; is the label still right?\n" + "\n".join(moved)


def test_precision_from_high_on(labels: dict[Place, Label]) -> None:
    """Of the findings of severity high or critical at least 95 % are true."""
    assert _precision(label for label in labels.values() if label.severity in _HIGH) >= ENOUGH


def test_precision_over_everything_labelled(labels: dict[Place, Label]) -> None:
    """Of all labelled findings, at least a hundred, at least 95 % are true."""
    assert len(labels) >= 100
    assert _precision(labels.values()) >= ENOUGH


def test_labels_say_why(labels: dict[Place, Label]) -> None:
    """Every label gives its reason."""
    assert [str(place) for place, label in labels.items() if len(label.why) < 10] == []


def test_the_published_table_is_that_of_the_labels(labels: dict[Place, Label]) -> None:
    """The table of the documentation is what the labels give, check by check."""
    page = (Path(__file__).parents[2] / "docs" / "false-alarms.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith(("| `", "| all"))]
    checks = sorted({place.check for place in labels})
    of_checks = [[label for place, label in labels.items() if place.check == check] for check in checks]
    assert rows == [
        *(_row(f"`{check}`", found) for check, found in zip(checks, of_checks, strict=True)),
        _row("all", list(labels.values())),
    ]


def _row(name: str, labels: list[Label]) -> str:
    high = sum(label.severity in _HIGH for label in labels)
    true = sum(label.true for label in labels)
    return f"| {name} | {len(labels)} | {high} | {true} | {_precision(labels):.0%} |"
