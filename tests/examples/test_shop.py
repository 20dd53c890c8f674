"""The example platforms: one that makes every mistake, and the same one done right."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from strongroom.model.report import Report
from strongroom.posture.checks import CHECKS
from strongroom.survey.run import Request, survey

EXAMPLES = Path(__file__).parents[2] / "examples"
KEY = bytes(range(32))
NOT_PLANTED = {
    "secret-name-off-convention",  # asks for a setting: without a convention there is nothing to be off
    "drift-secret-changed",  # compare manifests with a cluster
    "drift-secret-not-in-repository",
    "drift-secret-not-live",
    "stale-pod-secret",
    "at-rest-identity-first",  # speak of files of a control plane that the shop does not keep in its repository
    "at-rest-key-in-plain-file",
    "at-rest-key-too-old",
    "at-rest-kms-v1",
    "at-rest-leaves-out-secrets",
    "at-rest-plaintext-in-etcd",
    "at-rest-weak-cipher",
    "audit-logs-secret-bodies",
    "audit-misses-secret-reads",
    "etcd-shares-ca",
    "etcd-without-tls",
    "file-permissions-too-open",
    "node-restriction-off",
    "static-token-file",
    "reach-through-cluster",  # everybody reads every Secret of the shop, so that no detour leads any further
    "reach-through-identity",
    "reach-through-operator",
    "reach-through-pods",
    "reach-through-roles",
}
"""Checks that the shop does not show, each group for one reason."""

Planted = tuple[str, int, str]


def audit(folder: Path, *, render: bool, now: datetime | None = None) -> Report:
    """Audit an example as a pedantic person does."""
    return survey(Request(sources=(str(folder),), key=KEY, pedantic=True, render=render, now=now))


def places(report: Report, folder: Path) -> Counter[Planted]:
    """Return where a report's findings are: path, line, id."""
    return Counter(
        ((Path.cwd() / finding.origin.path).relative_to(folder).as_posix(), finding.origin.line, finding.id)
        for finding in report.findings
    )


def rows() -> list[dict[str, str]]:
    """Return the planted list."""
    with (EXAMPLES / "shop" / "PLANTED.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def planted() -> Counter[Planted]:
    """Return where the planted mistakes are: path, line, id."""
    return Counter((row["path"], int(row["line"]), row["check"]) for row in rows())


@pytest.mark.parametrize("render", [False, True], ids=["plain", "rendered"])
def test_every_planted_mistake_is_found_and_nothing_else(render: bool) -> None:
    """The audit of the shop gives exactly the planted list, whether its overlay and chart are rendered or only read."""
    found = places(audit(EXAMPLES / "shop", render=render), EXAMPLES / "shop")
    assert sorted((planted() - found).elements()) == [], "planted, but not found"
    assert sorted((found - planted()).elements()) == [], "found, but not planted"


@pytest.mark.parametrize("render", [False, True], ids=["plain", "rendered"])
def test_the_shop_done_right_has_no_finding(render: bool) -> None:
    """The audit of the repaired shop finds nothing, even for the pedantic."""
    report = audit(EXAMPLES / "shop-fixed", render=render)
    assert [(finding.origin.show(), finding.id, finding.message) for finding in report.findings] == []


def test_the_shop_does_not_depend_on_the_day() -> None:
    """Ten years from now the audits of both shops say what they say today."""
    later = datetime(2036, 1, 1, tzinfo=UTC)
    assert places(audit(EXAMPLES / "shop", render=False, now=later), EXAMPLES / "shop") == planted()
    assert audit(EXAMPLES / "shop-fixed", render=False, now=later).findings == ()


def test_every_check_has_a_planted_mistake() -> None:
    """Each registered check is shown by the shop at least once, and the list names no check that does not exist."""
    assert {row["check"] for row in rows()} == {check.id for check in CHECKS} - NOT_PLANTED


def test_every_planted_mistake_is_explained() -> None:
    """Each row of the list says in words what is wrong there."""
    assert [row for row in rows() if len(row["why"].split()) < 2] == []


@pytest.mark.parametrize("name", ["shop", "shop-fixed"])
def test_every_file_of_an_example_is_read(name: str) -> None:
    """No document of the examples is skipped as broken; only the chart's templates may be."""
    report = audit(EXAMPLES / name, render=False)
    assert [skipped for skipped in report.skipped if skipped.problem] == []
    assert {Path(skipped.path).parent.name for skipped in report.skipped} <= {"templates"}


def test_both_shops_are_the_same_platform() -> None:
    """What runs in the one runs in the other, save the agent that needed the host."""

    def workloads(name: str) -> set[str]:
        secrets = audit(EXAMPLES / name, render=False).secrets
        return {c.resource.name for record in secrets for c in record.consumers if c.resource.kind != "ServiceAccount"}

    assert {"api", "web", "worker", "postgres"} <= workloads("shop") & workloads("shop-fixed")
