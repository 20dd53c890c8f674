"""Values of an INI file, changed one at a time."""

from __future__ import annotations

import re
from typing import Any

from strongroom.errors import UsageError
from strongroom.files.sops.changing import Address, flat_address, flat_text, missing
from strongroom.files.sops.document import Leaf, Scalar
from strongroom.files.sops.formats import ini
from strongroom.files.sops.formats.splice import spliced
from strongroom.model.plaintext import Plaintext

_HEADER = re.compile(rb"^[ \t]*\[([^\n]*)\]", re.MULTILINE)
_NAME = re.compile(r"[^\s\[\]=:#;\"`'-][^\[\]=:#;\n\"`]*(?<!\s)\Z")


def changed(data: bytes, address: Address, value: Any) -> bytes:
    """Return the file with a value; a new one stands at the end of its section."""
    keys = flat_address(address, 2)
    if len(keys) != 2:
        raise UsageError("a value of an ini file stands in a section", hint="name the section and the key")
    text = flat_text(value)
    document = ini.read(data)
    for at, leaf in enumerate(document.leaves):
        if leaf.address == keys and not leaf.style.startswith("#"):
            return ini.write(document, {at: Scalar("str", Plaintext(text))})
    section, key = keys
    if not _NAME.match(section) or not _NAME.match(key):
        raise UsageError("a name that an ini file cannot hold")
    line = f"{key} = {ini.written(text, '')}\n".encode()
    after = [leaf for leaf in document.leaves if leaf.path[0] == section]
    if after:
        end = data.find(b"\n", max(leaf.end for leaf in after))
        return spliced(data, [(end + 1, end + 1, line)]) if end >= 0 else data + b"\n" + line
    for match in _HEADER.finditer(data):
        if match[1].decode("utf-8", "replace") == section:
            end = data.find(b"\n", match.end())
            return spliced(data, [(end + 1, end + 1, line)]) if end >= 0 else data + b"\n" + line
    gap = b"" if not data else b"\n" if data.endswith(b"\n") else b"\n\n"
    return data + gap + f"[{section}]\n".encode() + line


def without(data: bytes, address: Address) -> bytes:
    """Return the file without the line of a value."""
    leaf = _leaf(data, address)
    start = data.rfind(b"\n", 0, leaf.start) + 1
    end = data.find(b"\n", leaf.end)
    return spliced(data, [(start, end + 1 if end >= 0 else len(data), b"")])


def found(data: bytes, address: Address) -> bytes:
    """Return a value, or a section as lines."""
    keys = flat_address(address, 2)
    if len(keys) == 2:
        return _leaf(data, address).scalar.data.reveal()
    leaves = [leaf for leaf in ini.read(data).leaves if leaf.path[0] == keys[0] and not leaf.style.startswith("#")]
    if not leaves:
        raise missing(address)
    lines = [f"{leaf.path[1]} = {ini.written(leaf.scalar.data.reveal().decode(), leaf.style)}\n" for leaf in leaves]
    return "".join(lines).encode()


def _leaf(data: bytes, address: Address) -> Leaf:
    keys = flat_address(address, 2)
    for leaf in ini.read(data).leaves:
        if leaf.address == keys and not leaf.style.startswith("#"):
            return leaf
    raise missing(address)
