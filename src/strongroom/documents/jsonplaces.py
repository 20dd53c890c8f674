"""Paths of a JSON document to places in its text.

Nothing is indexed ahead: on the way along a path, the standard library's scanner in C skips over what is not asked
for, so that one value in a dump of 100 MB is found in about the time that reading it takes.
"""

from __future__ import annotations

import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Final

from strongroom.documents.collector import paused
from strongroom.documents.exact import Path
from strongroom.documents.jsontext import BLANK, might_be, scanner
from strongroom.documents.limits import Limits
from strongroom.documents.places import Place, Run, decoded_length, trace

_PART: Final = re.compile(
    r'(?P<same>[^"\\]+)|\\u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})'
    r"|\\u(?P<code>[0-9a-fA-F]{4})|\\."
)

Entry = tuple[Place | None, Place]


def finder(text: str, limits: Limits) -> JsonFinder | None:
    """Return the places of a JSON document, None where the text is not one JSON object or array."""
    del limits  # the scanner's own depth is bounded, and a document that was not read is not asked about
    if not might_be(text):
        return None
    try:
        found = JsonFinder(text)
    except (StopIteration, ValueError, RecursionError):
        return None
    return found


class JsonFinder:
    """Walks the text; the members of each object or array on the way are found once and kept."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._scan = scanner()
        self._entries: dict[int, dict[str | int, Entry]] = {}
        self._known_runs: dict[int, list[Run]] = {}
        start = self._skip(0)
        with paused():
            self._root = Place(start, self._scan(text, start)[1])
        if self._skip(self._root.end) != len(text):
            raise ValueError

    def value(self, path: Path) -> Place | None:
        """Return where the value at ``path`` is written."""
        entry = self._entry(path)
        return None if entry is None else entry[1]

    def key(self, path: Path) -> Place | None:
        """Return where the key at the end of ``path`` is written."""
        entry = self._entry(path)
        return None if entry is None else entry[0]

    def is_collection(self, path: Path) -> bool:
        """Tell whether the value at ``path`` is an object or an array."""
        place = self.value(path)
        return place is not None and self._text[place.start] in "{["

    def inner(self, path: Path, start: int, end: int) -> Place | None:
        """Return where a part of a string's value is written."""
        place = self.value(path)
        if place is None:
            return None
        if self._text[place.start] != '"':
            runs = [Run(0, place.end - place.start, place.start, place.end - place.start)]
            return trace(runs, start, end) or place
        known = self._known_runs.get(place.start)
        if known is None:
            known = self._known_runs[place.start] = self._runs(place)
        return trace(known, start, end) or place

    def _entry(self, path: Path) -> Entry | None:
        entry: Entry | None = (None, self._root)
        for step in path:
            if entry is None:
                return None
            entry = self._members(entry[1]).get(step)
        return entry

    def _members(self, place: Place) -> dict[str | int, Entry]:
        known = self._entries.get(place.start)
        if known is None:
            sign = self._text[place.start]
            with paused():
                known = self._object(place) if sign == "{" else self._array(place) if sign == "[" else {}
            self._entries[place.start] = known
        return known

    def _object(self, place: Place) -> dict[str | int, Entry]:
        text, found = self._text, dict[str | int, Entry]()
        at = self._skip(place.start + 1)
        while text[at] == '"':
            key, end = scanstring(text, at + 1)
            start = self._skip(self._skip(end) + 1)
            stop = self._scan(text, start)[1]
            found[key] = (Place(at, end), Place(start, stop))
            at = self._skip(stop)
            if text[at] == ",":
                at = self._skip(at + 1)
        return found

    def _array(self, place: Place) -> dict[str | int, Entry]:
        text, found = self._text, dict[str | int, Entry]()
        at = self._skip(place.start + 1)
        while text[at] != "]":
            stop = self._scan(text, at)[1]
            found[len(found)] = (None, Place(at, stop))
            at = self._skip(stop)
            if text[at] == ",":
                at = self._skip(at + 1)
        return found

    def _runs(self, place: Place) -> list[Run]:
        found: list[Run] = []
        for match in _PART.finditer(self._text, place.start + 1, place.end - 1):
            length = len(match[0]) if match["same"] else 1
            found.append(Run(decoded_length(found), length, match.start(), len(match[0])))
        return found or [Run(0, 0, place.start + 1, 0)]

    def _skip(self, at: int) -> int:
        match = BLANK.match(self._text, at)
        return match.end() if match else at
