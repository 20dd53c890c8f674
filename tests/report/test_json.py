"""The JSON report has the published shape and says the same in every run."""

from __future__ import annotations

import json as stdlib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.report import factories as make
from tests.report import hostile, shop, snapshot

from strongroom.model.finding import Confidence, Severity
from strongroom.model.report import Report
from strongroom.report import inventory_json, json, shape

SCHEMAS = Path(str(resources.files("strongroom.report"))) / "schema"


def published(name: str) -> Draft202012Validator:
    """Return a validator for a published schema."""
    schema = stdlib.loads((SCHEMAS / name).read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def rendered(report: Report) -> dict[str, Any]:
    """Return what a reader of the JSON report gets."""
    document = stdlib.loads("".join(json.render(report)))
    assert isinstance(document, dict)
    return document


def test_the_report_of_a_small_platform() -> None:
    """The whole document reads as the snapshot does."""
    snapshot.check("report.json", "".join(json.render(shop.build())))


@pytest.mark.parametrize(
    ("name", "of", "title"),
    [
        ("report-v1.json", shape.Document, "Strongroom report, version 1"),
        ("inventory-v1.json", shape.Inventory, "Strongroom inventory, version 1"),
    ],
)
def test_the_published_schema_is_the_one_of_the_types(name: str, of: Any, title: str) -> None:
    """The schema in the package is made from the types that encode the report: they cannot drift apart."""
    snapshot.check_file(SCHEMAS / name, json.dump(shape.schema(of, title)))


@pytest.mark.parametrize("report", [make.report(), shop.build(), hostile.report(), hostile.large(500)])
def test_reports_are_valid(report: Report) -> None:
    """An empty report, an ordinary one, one of hostile names and a large one satisfy the published schemas."""
    published("report-v1.json").validate(rendered(report))
    published("inventory-v1.json").validate(stdlib.loads("".join(inventory_json.render(report))))


def test_the_schema_refuses_what_is_not_a_report() -> None:
    """The schema is no formality: another version, a missing part, an unknown severity or a whole fingerprint fail."""
    validator = published("report-v1.json")
    for path, value in (
        (("version",), 2),
        (("summary",), None),
        (("findings", 0, "severity"), "terrible"),
        (("findings", 0, "value"), make.value_of("token")),
        (("findings", 0, "location", "line"), -1),
        (("inventory", 1, "consumed", 0, "way"), "pigeon"),
    ):
        document: Any = rendered(shop.build())
        validator.validate(document)
        parent = document
        for step in path[:-1]:
            parent = parent[step]
        parent[path[-1]] = value
        assert not validator.is_valid(document), path


def test_the_documented_fields_are_there() -> None:
    """Every field that the published documentation promises stands in the document and in each finding."""
    document = rendered(shop.build())
    assert document["version"] == 1
    assert {"sources", "summary", "inventory", "findings", "skipped", "coverage"} <= document.keys()
    finding = document["findings"][0]
    assert {
        "id",
        "title",
        "severity",
        "confidence",
        "message",
        "resource",
        "location",
        "fingerprint",
        "standards",
        "help",
    } <= finding.keys()
    assert finding["location"] | {"source": ""} == {
        "source": "",
        "path": "deploy/config.yaml",
        "line": 7,
        "column": 17,
        "end_line": 7,
        "end_column": 27,
        "field": "data.GITHUB_TOKEN",
        "inner": "",
        "document": -1,
        "commit": "",
        "rendered_by": "",
    }
    assert finding["resource"] == {"group": "", "kind": "ConfigMap", "namespace": "shop", "name": "api-config"}
    assert finding["help"] == "Keep the value in a Secret. Mount it as a file."


def test_a_value_is_named_by_its_short_fingerprint_only() -> None:
    """No whole fingerprint of a value stands in the document, only the eight digits that people compare."""
    text = "".join(json.render(shop.build()))
    assert make.value_of("token") not in text
    assert f"fp:{make.value_of('token')[:8]}" in text


def test_annotations_and_unknown_labels_are_not_quoted() -> None:
    """What an annotation or a label of no known meaning holds is not repeated: it may be a credential."""
    definition = make.definition(annotations={"last-applied": "hunter2"}, labels={"team": "shop", "pw": "hunter3"})
    record = make.secret(definitions=[definition])
    (defined,) = rendered(make.report(secrets=[record]))["inventory"][0]["defined"]
    assert defined["annotations"] == ["last-applied"]
    assert defined["labels"] == {"team": "shop"}
    assert "hunter" not in "".join(json.render(make.report(secrets=[record])))


def test_the_time_stands_in_one_place() -> None:
    """Two runs over the same input differ in ``summary.created`` only."""
    import msgspec

    early, late = shop.build(), msgspec.structs.replace(shop.build(), created="2027-01-01T00:00:00Z")
    one, other = rendered(early), rendered(late)
    assert one["summary"].pop("created") != other["summary"].pop("created")
    assert one == other


def test_names_come_back_as_they_were() -> None:
    """A reader of the document gets every name that UTF-8 can carry exactly, however hostile."""
    names = [name for name in hostile.NAMES if "\ud800" not in name]
    read = [finding["resource"]["name"] for finding in rendered(hostile.report())["findings"]]
    assert sorted(set(names)) == sorted(set(read) & set(names))


def test_a_finding_without_an_object_has_none() -> None:
    """A file that is no Kubernetes object gives ``null``, not an object of empty names."""
    (finding,) = rendered(make.report(make.finding(about=None)))["findings"]
    assert finding["resource"] is None
    assert finding["value"] is None


def test_counts_cover_every_severity() -> None:
    """The summary counts each severity, those without findings as zero, so that readers need no defaults."""
    summary = rendered(make.report(make.finding(severity=Severity.LOW, confidence=Confidence.LOW)))["summary"]
    assert summary["findings"] == {"critical": 0, "high": 0, "medium": 0, "low": 1, "info": 0}
    assert summary["failed"] is False
    assert summary["fail_on"] == "high"
