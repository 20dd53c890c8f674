"""The formats of ``access``, each in the file of its id. Modules load when their format is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from strongroom.report.formats import Format
from strongroom.report.terminal import Terminal

if TYPE_CHECKING:
    from strongroom.model.access_report import AccessReport


def _text(report: AccessReport, terminal: Terminal) -> Iterator[str]:
    from strongroom.report import access_text

    return access_text.render(report, terminal)


def _json(report: AccessReport, _: Terminal) -> Iterator[str]:
    from strongroom.report import access_json

    return access_json.render(report)


def _csv(report: AccessReport, _: Terminal) -> Iterator[str]:
    from strongroom.report import access_csv

    return access_csv.render(report)


def _markdown(report: AccessReport, _: Terminal) -> Iterator[str]:
    from strongroom.report import access_markdown

    return access_markdown.render(report)


def _html(report: AccessReport, _: Terminal) -> Iterator[str]:
    from strongroom.report import access_html

    return iter((access_html.render(report),))


def _dot(report: AccessReport, _: Terminal) -> Iterator[str]:
    from strongroom.report import access_dot

    return access_dot.render(report)


def _mermaid(report: AccessReport, _: Terminal) -> Iterator[str]:
    from strongroom.report import access_mermaid

    return access_mermaid.render(report)


def _graphml(report: AccessReport, _: Terminal) -> Iterator[str]:
    from strongroom.report import access_graphml

    return access_graphml.render(report)


def _bloodhound(report: AccessReport, _: Terminal) -> Iterator[str]:
    from strongroom.report import access_bloodhound

    return access_bloodhound.render(report)


ACCESS_FORMATS: tuple[Format[AccessReport], ...] = (
    Format("text", (".txt",), _text),
    Format("json", (".json",), _json),
    Format("csv", (".csv",), _csv),
    Format("markdown", (".md", ".markdown"), _markdown),
    Format("html", (".html", ".htm"), _html),
    Format("dot", (".dot", ".gv"), _dot),
    Format("mermaid", (".mmd", ".mermaid"), _mermaid),
    Format("graphml", (".graphml",), _graphml),
    Format("bloodhound", (".bloodhound.json",), _bloodhound),
)
"""The formats of ``access``, in the order in which help lists them."""

PICTURES = frozenset({"html", "dot", "mermaid", "graphml", "bloodhound"})
"""Ids of the formats that show the steps on the way to an answer (`AccessReport.graph`)."""
