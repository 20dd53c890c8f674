"""The list of formats, the folder and the suffixes agree."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module, resources

import pytest
from tests.report import factories as make
from tests.report import hostile, shop

from strongroom.model.report import Report
from strongroom.report.formats import FORMATS, INVENTORY_FORMATS, Format, by_id, by_suffix
from strongroom.report.terminal import Terminal

EVERY = [*((one, "") for one in FORMATS), *((one, "inventory_") for one in INVENTORY_FORMATS)]


@pytest.mark.parametrize(("one", "prefix"), EVERY, ids=lambda value: getattr(value, "id", value))
def test_each_format_is_a_module_of_its_name(one: Format[Report], prefix: str) -> None:
    """A format's id is the name of the file that renders it."""
    assert callable(import_module(f"strongroom.report.{prefix}{one.id}").render)


def test_each_module_that_renders_is_listed() -> None:
    """A file of the folder that has the name of a format is in the tuple: none is forgotten."""
    files = {entry.name.removesuffix(".py") for entry in resources.files("strongroom.report").iterdir()}
    renderers = {name.removeprefix("inventory_") for name in files if name.startswith("inventory_")}
    assert renderers == {one.id for one in INVENTORY_FORMATS}
    assert {one.id for one in FORMATS} <= files


@pytest.mark.parametrize("formats", [FORMATS, INVENTORY_FORMATS], ids=["report", "inventory"])
def test_ids_and_suffixes_are_unique(formats: tuple[Format[Report], ...]) -> None:
    """No two formats of one command claim the same name or the same suffix."""
    ids = [one.id for one in formats]
    suffixes = [suffix for one in formats for suffix in one.suffixes]
    assert len(set(ids)) == len(ids)
    assert len(set(suffixes)) == len(suffixes)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("report.html", "html"),
        ("out/Report.HTM", "html"),
        ("findings.sarif", "sarif"),
        ("findings.sarif.json", "sarif"),
        ("report.json", "json"),
        ("report.md", "markdown"),
        ("junit.xml", "junit"),
        ("a.b.csv", "csv"),
        ("report.txt", "text"),
        ("report", None),
        ("report.pdf", None),
        ("json", None),
    ],
)
def test_a_suffix_names_a_format(path: str, expected: str | None) -> None:
    """The file's name decides the format, whatever its case; an unknown suffix decides nothing."""
    found = by_suffix(path, FORMATS)
    assert (found.id if found else None) == expected


def test_a_longer_suffix_wins_over_its_end() -> None:
    """``.sarif.json`` is SARIF and not JSON, in whatever order the formats are listed."""
    found = by_suffix("x.sarif.json", tuple(reversed(FORMATS)))
    assert found
    assert found.id == "sarif"


def test_a_name_finds_its_format() -> None:
    """Looking up a listed name gives that format, and an unknown one is an error."""
    assert by_id("sarif", FORMATS).id == "sarif"
    with pytest.raises(KeyError):
        by_id("pdf", FORMATS)


@pytest.mark.parametrize(("one", "prefix"), EVERY, ids=lambda value: getattr(value, "id", value))
def test_every_format_is_deterministic_and_ends_its_last_line(one: Format[Report], prefix: str) -> None:
    """Two reports built alike give the same bytes, which end with one line feed."""
    first, second = ("".join(one.render(shop.build(), Terminal())) for _ in range(2))
    assert first == second
    assert first.endswith("\n")
    assert not first.endswith("\n\n")


@pytest.mark.parametrize(("one", "prefix"), EVERY, ids=lambda value: getattr(value, "id", value))
def test_every_format_survives_hostile_names(one: Format[Report], prefix: str) -> None:
    """Whatever names the input chose, the output can be written and holds no raw terminal control."""
    text = "".join(one.render(hostile.report(), Terminal()))
    text.encode()
    assert not [c for c in text if (c < " " and c != "\n") or "\x7f" <= c <= "\x9f" or c in "\u202e\u2066\u2028\u200b"]


@pytest.mark.parametrize(("one", "prefix"), EVERY, ids=lambda value: getattr(value, "id", value))
def test_every_format_renders_an_empty_report(one: Format[Report], prefix: str) -> None:
    """A run that found nothing has an output in every format."""
    assert "".join(one.render(make.report(), Terminal())).strip()


def test_the_list_loads_no_renderer() -> None:
    """Importing the list of formats, as the command line does at its start, imports no library that renders."""
    code = (
        "import sys; import strongroom.report.formats;"
        "print(sorted({'rich', 'jinja2', 'msgspec', 'csv', 'strongroom.model.report'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
