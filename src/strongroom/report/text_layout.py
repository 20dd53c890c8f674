"""Lines for people: wrapped, indented, coloured, never wider than the terminal and never cut."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from strongroom.model.finding import Severity
from strongroom.report.terminal import Terminal

SEVERITY_STYLE = {
    Severity.CRITICAL: "bold reverse bright_red",
    Severity.HIGH: "bold bright_red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "bright_blue",
    Severity.INFO: "dim",
}
"""Of the sixteen colours that every terminal theme chooses for itself."""

MARK_STYLE = SEVERITY_STYLE | {Severity.CRITICAL: "bold bright_red"}
"""The same for marks and numbers, without a background."""

NARROWEST = 40
"""Columns below which a layout of labels and text makes no sense; narrower terminals wrap."""

_LONG_WORD = re.compile(rf"[^ ]{{{NARROWEST // 2},}}")
_ASCII = str.maketrans({"│": "|", "·": "-", "→": ">", "…": "~", "←": "<", "•": "*"})


class Layout:
    """Turns styled text into lines for one terminal. Input must already be free of control characters."""

    def __init__(self, terminal: Terminal) -> None:
        self.width = max(terminal.width, NARROWEST)
        self.verbose = terminal.verbose
        self.strict = terminal.strict
        self._unicode = terminal.unicode
        self._colour = terminal.colour
        # Everything is given, so that no environment variable (NO_COLOR, TERM, COLUMNS) changes what is written.
        self._console = Console(
            file=io.StringIO(),
            width=self.width,
            height=100,
            force_terminal=terminal.colour,
            color_system="standard" if terminal.colour else None,
            no_color=not terminal.colour,
            markup=False,
            emoji=False,
            highlight=False,
            legacy_windows=False,
            force_jupyter=False,
        )

    def put(self, *parts: str | tuple[str, str], lead: str | Text = "", hang: int | None = None) -> str:
        """Return one paragraph.

        Args:
            parts: plain text, or text and its style.
            lead: what stands before the first line.
            hang: columns by which further lines are indented; the width of ``lead`` where None.
        """
        head = lead if isinstance(lead, Text) else Text(lead)
        indent = head.cell_len if hang is None else hang
        body = Text.assemble(*(part for part in parts if part))
        room = self.width - max(indent, head.cell_len)
        wrapped = [body] if body.cell_len <= room else self._wrap(body, room)
        return self.lines(
            head + line if index == 0 else Text(" " * indent) + line for index, line in enumerate(wrapped)
        )

    def lines(self, lines: Iterable[Text]) -> str:
        """Return lines as they are, each without spaces at its end."""
        shown = list(lines)
        for line in shown:
            line.rstrip()
        if not self._colour:
            return self._translate("".join(f"{line.plain}\n" for line in shown))
        with self._console.capture() as captured:
            for line in shown:
                self._console.print(line, soft_wrap=True)
        return self._translate(captured.get())

    def count(self, *parts: str | tuple[str, str], indent: int) -> int:
        """Return how many lines a paragraph takes."""
        return len(self._wrap(Text.assemble(*parts), self.width - indent))

    def _wrap(self, text: Text, room: int) -> list[Text]:
        breaks = _path_breaks(text.plain, room)
        if breaks:
            text = Text("\n").join(text.divide(breaks))
        return [*text.wrap(self._console, room, overflow="fold")]

    def _translate(self, text: str) -> str:
        if self._unicode or text.isascii():
            return text
        return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def _path_breaks(text: str, room: int) -> list[int]:
    """Return where to break words that are longer than a line: after slashes, so that names of files stay whole."""
    breaks = []
    for word in _LONG_WORD.finditer(text):
        start = word.start()
        while cell_len(text[start : word.end()]) > room:
            cut = text.rfind("/", start, start + room) + 1
            if cut <= start or cell_len(text[start:cut]) > room:
                break
            breaks.append(cut)
            start = cut
    return breaks


def cells(text: str) -> int:
    """Return how many columns a terminal takes for text."""
    return cell_len(text)
