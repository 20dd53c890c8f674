"""The formats of ``access minimise``, each in the file of its id. Modules load when their format is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from strongroom.report.formats import Format
from strongroom.report.terminal import Terminal

if TYPE_CHECKING:
    from strongroom.model.minimise import MinimiseReport


def _text(report: MinimiseReport, terminal: Terminal) -> Iterator[str]:
    from strongroom.report import minimise_text

    return minimise_text.render(report, terminal)


def _json(report: MinimiseReport, _: Terminal) -> Iterator[str]:
    from strongroom.report import minimise_json

    return minimise_json.render(report)


def _diff(report: MinimiseReport, _: Terminal) -> Iterator[str]:
    yield report.patch


def _yaml(report: MinimiseReport, _: Terminal) -> Iterator[str]:
    from strongroom.report import minimise_yaml

    return minimise_yaml.render(report)


MINIMISE_FORMATS: tuple[Format[MinimiseReport], ...] = (
    Format("text", (".txt",), _text),
    Format("json", (".json",), _json),
    Format("diff", (".diff", ".patch"), _diff),
    Format("yaml", (".yaml", ".yml"), _yaml),
)
"""In the order in which help lists them."""
