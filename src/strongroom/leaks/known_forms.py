"""How one value may be written in a text: as it is, encoded, escaped. Pure functions, and their inverses."""

from __future__ import annotations

import binascii
import enum
import html
import json
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from strongroom.leaks.weak import weak
from strongroom.leaks.words import PLACEHOLDERS

SHORTEST = 8
"""Values of fewer bytes are never searched: they stand everywhere by chance."""

_SHORTEST_WORD = 12
"""Letters of one case alone, or digits alone, must be so long: shorter ones are words and numbers."""

_FEWEST_DIFFERENT = 5
_LEAD_CHARACTERS = (0, 2, 3)
"""Characters of base64 that a value shares with 0, 1 or 2 bytes before it (RFC 4648 section 4)."""


class Form(enum.IntEnum):
    """A way to write a value."""

    PLAIN = 0
    BASE64 = 1
    HEX = 2
    PERCENT = 3
    JSON = 4
    XML = 5
    QUOTED = 6  # YAML in single quotes: each of them doubled
    LINES = 7  # several lines, each behind the same indentation

    @property
    def label(self) -> str:
        """What reports say of a value that is written so; empty where it stands as it is."""
        return _LABELS[self]


_LABELS = {
    Form.PLAIN: "",
    Form.BASE64: "base64",
    Form.HEX: "hex",
    Form.PERCENT: "percent-encoding",
    Form.JSON: "JSON escapes",
    Form.XML: "XML escapes",
    Form.QUOTED: "YAML quotes",
    Form.LINES: "indented lines",
}


class Written(NamedTuple):
    """One way in which a value may stand in a text.

    Attributes:
        lead: of base64, how many bytes of something else share the first four characters: 0 to 2.
        text: what is looked for; of base64 only the characters that the value alone decides.
        line: of several lines, the index of the one that is looked for.
    """

    form: Form
    lead: int
    text: bytes
    line: int = 0

    def __repr__(self) -> str:
        return f"Written({self.form.name})"


def searched(value: bytes) -> bytes:
    """Return the part of a value that is searched: without white space around it, as ``echo`` and editors add it."""
    return value.strip()


def why_not_searched(value: bytes) -> str:
    """Say in fixed words why a value is not searched; empty where it is.

    What everybody writes stands in every tree, and finding it says nothing.
    """
    value = searched(value)
    if len(value) < SHORTEST:
        return f"shorter than {SHORTEST} bytes"
    text = value.decode("utf-8", "replace")
    if text.lower() in PLACEHOLDERS or weak(text).startswith("a common"):
        return "common words"
    if len(value) < _SHORTEST_WORD and (value.isdigit() or (value.isalpha() and (value.islower() or value.isupper()))):
        return "single words and numbers"
    return "too few different characters" if len(set(value)) < _FEWEST_DIFFERENT else ""


def written(value: bytes) -> Iterator[Written]:
    """Yield the ways to write a value, each text once."""
    yield Written(Form.PLAIN, 0, value)
    for lead in range(3):
        text = _base64(value, lead)
        yield Written(Form.BASE64, lead, text)
        other = text.translate(_TO_URL_SAFE)
        if other != text:
            yield Written(Form.BASE64, lead, other)
    digits = value.hex().encode()
    yield Written(Form.HEX, 0, digits)
    if digits.upper() != digits:
        yield Written(Form.HEX, 0, digits.upper())
    if not value.isalnum():
        yield from _escaped(value)
    if b"\n" in value:
        yield from _longest_line(value)


_TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def _base64(value: bytes, lead: int) -> bytes:
    """Return the characters that the value alone decides: the last one may hold bits of what follows."""
    whole = (lead + len(value)) * 8 // 6
    return binascii.b2a_base64(b"\0" * lead + value, newline=False)[_LEAD_CHARACTERS[lead] : whole]


_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
"""RFC 3986 section 2.3."""


def _percent_table(safe: bytes, escape: str, space: bytes) -> list[bytes]:
    table = [bytes([c]) if c in _UNRESERVED + safe else (escape % c).encode() for c in range(256)]
    table[0x20] = space
    return table


_PERCENT = [
    _percent_table(safe, escape, space)
    for escape in ("%%%02X", "%%%02x")
    for safe, space in (
        (b"", b"%20"),  # Python's quote_plus and Go's QueryEscape, but for the space
        (b"", b"+"),
        (b"/", b"%20"),  # Python's quote
        (b"!'()*", b"%20"),  # encodeURIComponent
        (b"!$&'()*+,;=:@", b"%20"),  # a segment of a path, or a password, as RFC 3986 has it
        (b"$&+=:@", b"%20"),  # Go's PathEscape
    )
]
"""What programs make of a byte in a URL; they differ in what they leave as it is."""


def _escaped(value: bytes) -> Iterator[Written]:
    seen = {value}
    for form, texts in _escapes(value):
        for text in texts:
            if text not in seen:
                seen.add(text)
                yield Written(form, 0, text)


def _escapes(value: bytes) -> Iterator[tuple[Form, list[bytes]]]:
    yield Form.PERCENT, [b"".join([table[byte] for byte in value]) for table in _PERCENT]
    if value.isascii() and value.translate(None, _NEVER_ESCAPED).isalnum():
        return
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return
    yield Form.JSON, [each.encode() for each in _json(text)]
    yield Form.XML, [each.encode() for each in _xml(text)]
    yield Form.QUOTED, [value.replace(b"'", b"''")]


_NEVER_ESCAPED = b" !#$%()*+,-.:;=?@[]^_`{|}~"
"""Neither by JSON nor by XML nor in single quotes."""


def _json(value: str) -> list[str]:
    ascii_only, plain = json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]
    safe = plain.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")  # as Go's encoding/json does
    return [plain, ascii_only, safe, plain.replace("/", "\\/")]


def _xml(value: str) -> list[str]:
    base = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    quotes = (
        ('"', "'"),
        ("&quot;", "'"),
        ("&quot;", "&#39;"),
        ("&quot;", "&apos;"),
        ("&#34;", "&#39;"),
        ("&quot;", "&#x27;"),
    )
    return [base.replace("'", single).replace('"', double) for double, single in quotes]


def _longest_line(value: bytes) -> Iterator[Written]:
    lines = value.split(b"\n")
    best = max(range(len(lines)), key=lambda i: len(lines[i].strip()))
    text = lines[best].strip()
    if len(text) >= SHORTEST and lines[best].startswith(text):
        yield Written(Form.LINES, 0, text, best)


_WIDEST_INDENT = 1 << 12


class Place(NamedTuple):
    """Where a value may stand: what `written` looked for was seen from ``start``, ``length`` bytes long.

    Attributes:
        size: the length of the value.
        newlines: how many of them the value holds.
    """

    form: Form
    lead: int
    line: int
    start: int
    length: int
    size: int
    newlines: int


class Reading(NamedTuple):
    """What a text says at a place: the bytes, and the span that holds them."""

    value: bytes
    start: int
    end: int

    def __repr__(self) -> str:
        return f"Reading({self.start}-{self.end})"


def read_back(text: bytes, place: Place) -> Iterator[Reading]:
    """Yield what a text may say at a place, decoded: the inverse of `written`."""
    start, end = place.start, place.start + place.length
    if place.form is Form.BASE64:
        yield from _from_base64(text, place)
    elif place.form is Form.LINES:
        yield from _from_lines(text, place)
    else:
        for value in _unescaped(text[start:end], place.form):
            yield Reading(value, start, end)


def _unescaped(span: bytes, form: Form) -> Iterator[bytes]:
    if form is Form.PLAIN:
        yield span
    elif form is Form.HEX:
        yield bytes.fromhex(span.decode("ascii"))
    elif form is Form.PERCENT:
        yield unquote_to_bytes(span)
        if b"+" in span:
            yield unquote_to_bytes(span.replace(b"+", b" "))
    elif form is Form.QUOTED:
        yield span.replace(b"''", b"'")
    else:
        try:
            text = span.decode()
            value = json.loads(f'"{text}"', strict=False) if form is Form.JSON else html.unescape(text)
        except ValueError:
            return
        yield value.encode("utf-8", "surrogatepass")


def _from_base64(text: bytes, place: Place) -> Iterator[Reading]:
    start = place.start - _LEAD_CHARACTERS[place.lead]
    end = start + -(-(place.lead + place.size) * 8 // 6)
    if start < 0 or end > len(text):
        return
    span = text[start:end].translate(_FROM_URL_SAFE)
    try:
        decoded = binascii.a2b_base64(span + b"A" * (-len(span) % 4), strict_mode=True)
    except binascii.Error:
        return
    yield Reading(decoded[place.lead : place.lead + place.size], start, end)


def _from_lines(text: bytes, place: Place) -> Iterator[Reading]:
    """Undo an indentation: whatever stands before the line that was found must stand before the others as well."""
    begin = text.rfind(b"\n", max(place.start - _WIDEST_INDENT, 0), place.start) + 1
    if begin == 0 and place.start >= _WIDEST_INDENT:
        return
    indent = text[begin : place.start]
    longest = place.size + len(indent) + 2
    first, found = begin, place.line
    while found and first:
        before = text.rfind(b"\n", max(first - 1 - longest, 0), first - 1)
        if before < 0 and first - 1 > longest:
            return
        first, found = before + 1, found - 1
    if found:
        return
    lines, at, last = [], first, first
    for _ in range(place.newlines + 1):
        end = text.find(b"\n", at, at + longest)
        end = min(len(text), at + longest) if end < 0 else end
        line = text[at:end]
        if not line.startswith(indent) and indent.startswith(line.rstrip(b"\r")):
            line = indent  # a blank line is often written without its indentation
        if not line.startswith(indent):
            return
        lines.append(line[len(indent) :].rstrip(b"\r"))
        last = at + len(indent) + len(lines[-1])
        at = end + 1
    value = b"\n".join(lines)
    if len(value) >= place.size:
        yield Reading(value[: place.size], first + len(indent), last - (len(value) - place.size))
