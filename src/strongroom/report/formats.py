"""The output formats, each in the file of its id. Modules load when their format is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from strongroom.report.terminal import Terminal

if TYPE_CHECKING:  # the model costs a start-up its msgspec
    from strongroom.model.access_report import AccessReport
    from strongroom.model.at_rest import AtRest
    from strongroom.model.holders import HoldersReport
    from strongroom.model.minimise import MinimiseReport
    from strongroom.model.report import Report


_Report_contra = TypeVar("_Report_contra", contravariant=True)
_Any = TypeVar("_Any")


class Format(NamedTuple, Generic[_Report_contra]):
    """One way to write a report of some type.

    Attributes:
        id: the name in ``--format``; with the prefix in front of it, also the name of the module.
        suffixes: of the files that ``--output`` writes in it.
        prefix: tells the reports of one command from those of others: ``access_``.
    """

    id: str
    suffixes: tuple[str, ...]
    prefix: str = ""

    def render(self, report: _Report_contra, terminal: Terminal) -> Iterator[str]:
        """Yield the text piece by piece; the same report gives the same text, and it ends with a line feed."""
        module = import_module(f"strongroom.report.{self.prefix}{self.id}")
        # a terminal has a width and colours, which matter to text alone
        found: Iterator[str] | str = module.render(report, terminal) if self.id == "text" else module.render(report)
        return iter((found,)) if isinstance(found, str) else found


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


FORMATS: tuple[Format[Report], ...] = (
    Format("text", (".txt",)),
    Format("json", (".json",)),
    Format("sarif", (".sarif", ".sarif.json")),
    Format("html", (".html", ".htm")),
    Format("markdown", (".md", ".markdown")),
    Format("junit", (".xml",)),
    Format("csv", (".csv",)),
)
"""The formats of ``audit`` and ``scan``, in the order in which help lists them."""

INVENTORY_FORMATS: tuple[Format[Report], ...] = (
    Format("text", (".txt",), "inventory_"),
    Format("json", (".json",), "inventory_"),
    Format("csv", (".csv",), "inventory_"),
)
"""The formats of ``inventory``."""

ACCESS_FORMATS: tuple[Format[AccessReport], ...] = (
    Format("text", (".txt",), "access_"),
    Format("json", (".json",), "access_"),
    Format("csv", (".csv",), "access_"),
    Format("markdown", (".md", ".markdown"), "access_"),
    Format("html", (".html", ".htm"), "access_"),
    Format("dot", (".dot", ".gv"), "access_"),
    Format("mermaid", (".mmd", ".mermaid"), "access_"),
    Format("graphml", (".graphml",), "access_"),
    Format("bloodhound", (".bloodhound.json",), "access_"),
)
"""The formats of ``access``."""

PICTURES = frozenset({"html", "dot", "mermaid", "graphml", "bloodhound"})
"""Ids of the formats that show the steps on the way to an answer (`AccessReport.graph`)."""

WHO_CAN_FORMATS: tuple[Format[HoldersReport], ...] = (
    Format("text", (".txt",), "who_can_"),
    Format("json", (".json",), "who_can_"),
)
"""The formats of ``access who-can``."""

MINIMISE_FORMATS: tuple[Format[MinimiseReport], ...] = (
    Format("text", (".txt",), "minimise_"),
    Format("json", (".json",), "minimise_"),
    Format("diff", (".diff", ".patch"), "minimise_"),
    Format("yaml", (".yaml", ".yml"), "minimise_"),
)
"""The formats of ``access minimise``."""

AT_REST_FORMATS: tuple[Format[AtRest], ...] = (
    Format("text", (".txt",), "at_rest_"),
    Format("json", (".json",), "at_rest_"),
)
"""The formats of ``at-rest status`` and ``at-rest verify``."""
