"""Answers about access in every format: valid, complete, and safe whatever names stand in them."""

from __future__ import annotations

import csv
import io
import json as stdlib
import re
from pathlib import Path

import jsonschema
import pytest
from tests.report import access_reports, snapshot

from strongroom.report import access_csv, access_json, access_markdown, access_shape, access_text, json, shape
from strongroom.report.formats import ACCESS_FORMATS
from strongroom.report.terminal import Terminal

SCHEMA = Path(shape.__file__).parent / "schema" / "access-v1.json"
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")
_CASES = [(question, name) for question in access_reports.QUESTIONS for name in ("ann", access_reports.HOSTILE)]


def test_the_published_schema_is_the_one_of_the_types() -> None:
    """The schema in the package is made from the types that encode the answer."""
    snapshot.check_file(SCHEMA, json.dump(shape.schema(access_shape.Document, "Strongroom access, version 1")))


@pytest.mark.parametrize(("question", "name"), _CASES)
def test_json_is_valid(question: str, name: str) -> None:
    """Every answer satisfies the published schema."""
    document = stdlib.loads("".join(access_json.render(access_reports.report(question, name))))

    jsonschema.validate(document, stdlib.loads(SCHEMA.read_text()), cls=jsonschema.Draft202012Validator)
    assert document["question"] == question


@pytest.mark.parametrize(("question", "name"), _CASES)
@pytest.mark.parametrize("kind", ACCESS_FORMATS, ids=lambda kind: kind.id)
def test_names_stay_names(kind: object, question: str, name: str) -> None:
    """No control character of a name comes out of any format, and every format can be written as UTF-8."""
    chosen = next(one for one in ACCESS_FORMATS if one is kind)
    text = "".join(chosen.render(access_reports.report(question, name), Terminal(verbose=True)))

    assert not _CONTROL.search(text)
    assert text.encode()
    assert text.endswith("\n")


@pytest.mark.parametrize("question", access_reports.QUESTIONS)
def test_csv_rows_have_the_cells_of_the_header(question: str) -> None:
    """Every row has as many cells as the header, and none is a formula."""
    text = "".join(access_csv.render(access_reports.report(question, access_reports.HOSTILE)))
    header, *rows = list(csv.reader(io.StringIO(text)))

    assert rows
    assert {len(row) for row in rows} == {len(header)}
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row)


@pytest.mark.parametrize("question", access_reports.QUESTIONS)
def test_markdown_is_one_table(question: str) -> None:
    """Whatever the names, a row keeps its columns."""
    text = "".join(access_markdown.render(access_reports.report(question, access_reports.HOSTILE)))
    lines = [line for line in text.splitlines() if line.startswith("|")]

    assert len(lines) > 2
    assert len({line.count("|") for line in lines}) == 1


def test_a_review_leaves_room_to_sign() -> None:
    """A review has columns for whether to keep the access, who reviewed it, and when."""
    header = next(access_csv.render(access_reports.report("review")))

    assert header.rstrip().endswith("keep,reviewed by,date")


@pytest.mark.parametrize("question", access_reports.QUESTIONS)
def test_text_fits_the_terminal(question: str) -> None:
    """No line is wider than eighty columns, but for a single word that is."""
    text = "".join(access_text.render(access_reports.report(question), Terminal()))

    assert all(len(line) <= 80 for line in text.splitlines())


def test_text_explains_a_path() -> None:
    """A path names each step, its binding and role with their places, and the field where no line is known."""
    text = "".join(access_text.render(access_reports.report("paths"), Terminal(width=200)))

    assert "1 shortest path, 1 step" in text
    assert "→ reads the Secret: reads every Secret in shop  secrets-get" in text
    assert "binding: RoleBinding shop/ann  deploy/ann.yaml:12:3" in text
    assert "role: RoleBinding shop/ann (get secrets)  dump.json: items[3].rules[0]" in text
    assert "3 steps that work only under a condition" in text
