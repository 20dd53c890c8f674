"""The formats of ``access who-can``, each in the file of its id. Modules load when their format is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from strongroom.report.formats import Format
from strongroom.report.terminal import Terminal

if TYPE_CHECKING:
    from strongroom.model.holders import HoldersReport


def _text(report: HoldersReport, terminal: Terminal) -> Iterator[str]:
    from strongroom.report import who_can_text

    return who_can_text.render(report, terminal)


def _json(report: HoldersReport, _: Terminal) -> Iterator[str]:
    from strongroom.report import who_can_json

    return who_can_json.render(report)


WHO_CAN_FORMATS: tuple[Format[HoldersReport], ...] = (
    Format("text", (".txt",), _text),
    Format("json", (".json",), _json),
)
"""The formats of ``access who-can``, in the order in which help lists them."""
