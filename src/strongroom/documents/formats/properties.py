"""Java properties, as ``java.util.Properties.load`` reads them.

The format is described at that method: natural and logical lines, ``#`` and ``!`` comments, a key that ends at the
first unescaped ``=``, ``:`` or blank, and the escapes. A bare key is legal there; here it has to look like one,
because otherwise every prose would be a properties file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from strongroom.documents.formats.format import Format, Leaf
from strongroom.documents.limits import Limits

_BLANK: Final = " \t\f"
_LINE: Final = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")
_KEY: Final = re.compile(r"(?:[^\\=: \t\f]|\\.)*", re.DOTALL)
_SEPARATOR: Final = re.compile(r"[ \t\f]*[=:]?[ \t\f]*")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.?))", re.DOTALL)
_SHORT: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_NAME: Final = re.compile(r"[^\s{}<>;]+\Z")
_SHAPE: Final = re.compile(r"[A-Za-z][\w\-]*(?:\.[\w\-]+)+[ \t]*=")


def leaves(text: str, limits: Limits) -> list[Leaf] | None:
    """Return the values of a properties file, None where a line is no pair."""
    del limits
    found: list[Leaf] = []
    for line, places in _logical_lines(text):
        match = _KEY.match(line)
        key_end = match.end() if match else 0
        separator = _SEPARATOR.match(line, key_end)
        at = separator.end() if separator else key_end
        key, value = _unescape(line[:key_end]), _unescape(line[at:])
        paired = separator is not None and separator[0].strip(_BLANK) != ""
        if key is None or value is None or not _NAME.match(key) or (not paired and value):
            return None
        # an empty value stands where it would begin
        start = places[at] if at < len(places) else places[-1] + 1
        end = places[-1] + 1 if at < len(places) else start
        found.append(Leaf((key,), value, start, end))
    return found or None


def _logical_lines(text: str) -> Iterator[tuple[str, list[int]]]:
    """Yield each logical line with the offset of every character, comments and blank lines left out."""
    signs: list[str] = []
    places: list[int] = []
    continued = False
    at = 0
    while at < len(text) or continued:
        match = _LINE.match(text, at)
        if match is None:
            break
        line = match[1].lstrip(_BLANK)
        start = at + len(match[1]) - len(line)
        over = match.end() == at
        at = match.end()
        if not continued and (not line or line[0] in "#!"):
            continue
        continued = (len(line) - len(line.rstrip("\\"))) % 2 == 1 and not over
        kept = line[:-1] if continued else line
        signs.append(kept)
        places.extend(range(start, start + len(kept)))
        if not continued:
            if places:
                yield "".join(signs), places
            signs, places = [], []
        elif at >= len(text):
            break
    if places:
        yield "".join(signs), places


def _unescape(text: str) -> str | None:
    bad = False

    def one(match: re.Match[str]) -> str:
        nonlocal bad
        if match[1] is not None:
            return chr(int(match[1], 16))
        bad = bad or match[2] in {"u", ""}
        return _SHORT.get(match[2], match[2])

    result = _ESCAPE.sub(one, text)
    # Java's chars are UTF-16: two escapes may make one character
    return None if bad else result.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def looks_like(text: str) -> bool:
    """Tell a text of nothing but ``some.key=value`` lines."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "!"))]
    return len(lines) > 1 and all(_SHAPE.match(line) for line in lines)


FORMAT = Format("properties", leaves, (".properties",), looks_like=looks_like)
