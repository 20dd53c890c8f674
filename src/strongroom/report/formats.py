"""The output formats, each in the file of its id. Modules load when their format is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from strongroom.report.terminal import Terminal

if TYPE_CHECKING:  # the model costs a start-up its msgspec
    from strongroom.model.report import Report


_Report_contra = TypeVar("_Report_contra", contravariant=True)
_Any = TypeVar("_Any")


class Format(NamedTuple, Generic[_Report_contra]):
    """One way to write a report of some type.

    Attributes:
        id: the name in ``--format``; also the name of the module.
        suffixes: of the files that ``--output`` writes in it.
        render: yields the text piece by piece; the same report gives the same text, and it ends with a line feed.
    """

    id: str
    suffixes: tuple[str, ...]
    render: Callable[[_Report_contra, Terminal], Iterator[str]]


def by_id(name: str, formats: tuple[Format[_Any], ...]) -> Format[_Any]:
    """Return the format of a name.

    Raises:
        KeyError: there is none; the command line checks names before.
    """
    for known in formats:
        if known.id == name:
            return known
    raise KeyError(name)


def by_suffix(path: str | PurePath, formats: tuple[Format[_Any], ...]) -> Format[_Any] | None:
    """Return the format that a file's name asks for, by its longest known suffix; None where it asks for none."""
    name = PurePath(path).name.lower()
    known = {suffix: one for one in formats for suffix in one.suffixes}
    return next((known[suffix] for suffix in sorted(known, key=len, reverse=True) if name.endswith(suffix)), None)


def _text(report: Report, terminal: Terminal) -> Iterator[str]:
    from strongroom.report import text

    return text.render(report, terminal)


def _json(report: Report, _: Terminal) -> Iterator[str]:
    from strongroom.report import json

    return json.render(report)


def _sarif(report: Report, _: Terminal) -> Iterator[str]:
    from strongroom.report import sarif

    return sarif.render(report)


def _html(report: Report, _: Terminal) -> Iterator[str]:
    from strongroom.report import html

    return iter((html.render(report),))


def _markdown(report: Report, _: Terminal) -> Iterator[str]:
    from strongroom.report import markdown

    return markdown.render(report)


def _junit(report: Report, _: Terminal) -> Iterator[str]:
    from strongroom.report import junit

    return junit.render(report)


def _csv(report: Report, _: Terminal) -> Iterator[str]:
    from strongroom.report import csv

    return csv.render(report)


def _inventory_text(report: Report, terminal: Terminal) -> Iterator[str]:
    from strongroom.report import inventory_text

    return inventory_text.render(report, terminal)


def _inventory_json(report: Report, _: Terminal) -> Iterator[str]:
    from strongroom.report import inventory_json

    return inventory_json.render(report)


def _inventory_csv(report: Report, _: Terminal) -> Iterator[str]:
    from strongroom.report import inventory_csv

    return inventory_csv.render(report)


FORMATS: tuple[Format[Report], ...] = (
    Format("text", (".txt",), _text),
    Format("json", (".json",), _json),
    Format("sarif", (".sarif", ".sarif.json"), _sarif),
    Format("html", (".html", ".htm"), _html),
    Format("markdown", (".md", ".markdown"), _markdown),
    Format("junit", (".xml",), _junit),
    Format("csv", (".csv",), _csv),
)
"""The formats of ``audit``, in the order in which help lists them."""

INVENTORY_FORMATS: tuple[Format[Report], ...] = (
    Format("text", (".txt",), _inventory_text),
    Format("json", (".json",), _inventory_json),
    Format("csv", (".csv",), _inventory_csv),
)
"""The formats of ``inventory``."""
