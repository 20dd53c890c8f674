"""INI files, as Python's ``configparser`` reads them by default, names kept in the case in which they are written.

Sections in brackets; ``=`` or ``:`` between name and value; ``#`` and ``;`` comments on lines of their own; deeper
indented lines continue a value. A name without a value is taken where it looks like one (``skip-networking`` in a
``my.cnf``).
"""

from __future__ import annotations

import re
from typing import Final

from strongroom.documents.formats.format import Format, Leaf
from strongroom.documents.limits import Limits

_LINE: Final = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|\Z)")
_SECTION: Final = re.compile(r"\[([^\]\r\n]+)\][ \t]*(?:[#;].*)?\Z")
_OPTION: Final = re.compile(r"([^=:\s\[][^=:]*+)[=:][ \t]*+")
_BARE: Final = re.compile(r"[A-Za-z][\w.\-]*\Z")


class _Reader:
    """The state between lines: the section, and the option that a deeper line would continue."""

    def __init__(self) -> None:
        self.found: list[Leaf] = []
        self.section: str | None = None
        self.depth: int | None = None

    def line(self, line: str, at: int) -> bool:
        """Take one line; False where it is no INI."""
        content = line.strip(" \t")
        indent = len(line) - len(line.lstrip(" \t"))
        if not content or content[0] in "#;":
            return True
        if self.depth is not None and indent > self.depth and self.found:
            last = self.found[-1]
            end = at + indent + len(content)
            start = last.start if last.value else at + indent
            value = f"{last.value}\n{content}" if last.value else content
            self.found[-1] = Leaf(last.path, value, start, end)
            return True
        return self._head(content, at + indent, indent)

    def _head(self, content: str, at: int, indent: int) -> bool:
        if section := _SECTION.match(content):
            self.section, self.depth = section[1], None
            return True
        if self.section is None:
            return False
        if option := _OPTION.match(content):
            value = content[option.end() :]
            path = (self.section, option[1].rstrip(" \t"))
            self.found.append(Leaf(path, value, at + option.end(), at + len(content)))
            self.depth = indent
            return True
        self.depth = None
        return _BARE.match(content) is not None


def leaves(text: str, limits: Limits) -> list[Leaf] | None:
    """Return the values of an INI file, None where it has no section first or a line is no pair."""
    del limits
    reader = _Reader()
    at = 0
    while at < len(text):
        match = _LINE.match(text, at)
        if match is None or not reader.line(match[1], at):
            return None
        at = match.end()
    return reader.found or None


def looks_like(text: str) -> bool:
    """Tell a text that begins with a section."""
    first = next((line.strip() for line in text.splitlines() if line.strip() and line.strip()[0] not in "#;"), "")
    return _SECTION.match(first) is not None and not first.startswith("[[")


FORMAT = Format("ini", leaves, (".ini", ".cfg", ".cnf", ".conf"), ("credentials", ".pypirc", ".my.cnf"), looks_like)
