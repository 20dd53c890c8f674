"""Text and identifiers of the HTML report: harmless, bounded, unique."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markupsafe import Markup

from strongroom.model.finding import Severity
from strongroom.model.origin import Origin, show_path
from strongroom.report import sanitise

NAME_LIMIT = 120
"""Characters of a name in a table or a heading; the longest that Kubernetes allows has 253."""

PATH_LIMIT = 300
"""Characters of a path; pages fold it."""

MESSAGE_LIMIT = 600
"""Characters of a sentence."""

_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_SLUG_LIMIT = 60
_STEPS = 24


def show(text: str, limit: int = NAME_LIMIT) -> str:
    """Return text on one line that shows what it hides and can stand in HTML and in XML; shortened to a limit."""
    return sanitise.xml_text(sanitise.line(text, limit))


def place(origin: Origin) -> str:
    """Write an origin as ``path:line:column``; as path and field where its line was not looked up."""
    where = show(origin.holder, PATH_LIMIT)
    if origin.object:
        return f"{where} {field_path(origin)}".rstrip()
    # No value of a field stands in the first column: this is still the start of its document.
    if origin.field and origin.column == 1 and not origin.end_line:
        return f"{where} {field_path(origin)}"
    return f"{where}:{origin.line}:{origin.column}"


def field_path(origin: Origin) -> str:
    """Write the field of an origin, each of its steps shortened."""
    path = show_path(tuple(step if isinstance(step, int) else show(step) for step in origin.field[:_STEPS]))
    return show(f"{path} → {origin.inner}" if origin.inner else path, MESSAGE_LIMIT)


def rank(severity: Severity | None) -> int:
    """Return a number that sorts severities, the worst highest, and nothing lowest."""
    return -1 if severity is None else int(severity)


class Anchors:
    """Hands out the ids of one page: readable, safe in a link, and never the same twice.

    They hold lower-case letters, digits and dashes; templates that need a further id append an underscore and a word.
    """

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def take(self, prefix: str, text: str) -> str:
        """Return a new id made of a prefix and what is left of a name: ``secret-shop-db``, ``secret-shop-db-2``."""
        slug = _NOT_SLUG.sub("-", text[:_SLUG_LIMIT].lower()).strip("-")
        stem = f"{prefix}-{slug}" if slug else prefix
        anchor, number = stem, self._next.get(stem, 2)
        while anchor in self._taken:
            anchor, number = f"{stem}-{number}", number + 1
        self._next[stem] = number
        self._taken.add(anchor)
        return anchor


class Prose:
    """Turns the Markdown of a check's page into HTML: no raw HTML, no pictures, no link but to the web."""

    def __init__(self) -> None:
        self._markdown = MarkdownIt("commonmark", {"html": False}).disable("image")
        self._known: dict[str, Markup] = {}

    def html(self, text: str) -> Markup:
        """Return the HTML of a text; markdown-it escapes what it does not render."""
        if text not in self._known:
            rendered = self._markdown.render(_printable(text))
            self._known[text] = Markup(rendered.replace("<a href=", '<a rel="noreferrer" href='))  # noqa: S704
        return self._known[text]


def _printable(text: str) -> str:
    return "\n".join(sanitise.xml_text(sanitise.line(line, 4 * MESSAGE_LIMIT)) for line in text.splitlines())
