"""Metadata between brackets: in JSON, around a binary file, and in YAML whose root is written in flow style.

The metadata stand behind the last value of the root and go again with the comma in front of them, so that what is
decrypted is what was encrypted, byte for byte.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from strongroom.files.sops.document import Block, Seal, Span
from strongroom.files.sops.formats.splice import Edit, spliced
from strongroom.files.sops.metadata import KEY, same_keys

_BEHIND: Final = re.compile(r"\s*,[ \t]*")
_FIRST_KEY: Final = re.compile(rb"\{(\r?\n)([ \t]*)[^\s}]")
_HTML: Final = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def place(text: str, start: int, end: int) -> tuple[int, int]:
    """Return what goes with the metadata, from their key and the end of their value: them and one comma."""
    at = start
    while at and text[at - 1] in " \t\r\n":
        at -= 1
    if at and text[at - 1] == ",":
        return at - 1, end
    behind = _BEHIND.match(text, end)
    return start, behind.end() if behind is not None else end


def sealing(data: bytes, each: Block, seal: Seal) -> Edit:
    """Return the edit that puts the metadata into a root."""
    here = data[each.start : each.end]
    lead, inner = _text(data, each, seal)
    if here:
        old = here.strip(b", \t\r\n")
        at = here.index(old)
        return each.start, each.end, here[:at] + inner + here[at + len(old) :]
    if each.empty:
        return each.start, each.end, lead + inner + (lead[: lead.rfind(b"\n") + 1] if b"\n" in lead else b"")
    comma = b" ," if data[each.start - 1 : each.start] == b":" else b","
    return each.start, each.end, comma + (lead or b" ") + inner


def unsealing(each: Block) -> Edit:
    """Return the edit that takes the metadata out."""
    return each.start, each.end, b""


def _text(data: bytes, each: Block, seal: Seal) -> tuple[bytes, bytes]:
    """Return the blanks in front of the key, and the key with its value."""
    text = renewed(seal, 0, each.style)
    if text is not None:
        inner = text.strip(b", \t\r\n")
        return text[: text.index(inner)].lstrip(b","), inner
    first = _FIRST_KEY.search(data)
    if first is None:
        return b"", f'"{KEY}": {_dumped(seal.metadata, None)}'.encode()
    newline, margin = first[1], first[2]
    indent = " " * seal.indent if seal.indent > 0 else margin.decode() or "\t"
    lines = _dumped({KEY: seal.metadata}, indent)[1:-1].strip("\n").removeprefix(indent)
    return newline + (margin or indent.encode()), lines.replace("\n", newline.decode()).encode()


def _dumped(value: Any, indent: str | None) -> str:
    # Go's encoder escapes what HTML would take for its own
    return json.dumps(value, ensure_ascii=False, indent=indent).translate(_HTML)


def renewed(seal: Seal, branch: int, style: str) -> bytes | None:
    """Return the text of the template's metadata with another MAC and another time, everything else as it stands.

    None where there is no template of this style, or more than these two differ.
    """
    template, metadata = seal.template, seal.metadata
    if template is None or template.metadata is None or not same_keys(template.metadata, metadata):
        return None
    data, old = template.data.reveal(), template.blocks[min(branch, len(template.blocks) - 1)]
    if old.mac is None or old.style != style:
        return None
    edits: list[Edit] = []
    for span, name in ((old.mac, "mac"), (old.last_modified, "lastmodified")):
        if span is not None:
            edits.append((span[0] - old.start, span[1] - old.start, _like(data, span, metadata[name])))
    return spliced(data[old.start : old.end], edits)


def _like(data: bytes, span: Span, text: str) -> bytes:
    quote = data[span[0] : span[0] + 1]
    return (quote + text.encode() + quote) if quote in {b"'", b'"'} else text.encode()
