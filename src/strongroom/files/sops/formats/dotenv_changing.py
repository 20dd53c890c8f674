"""Values of a dotenv file, changed one at a time."""

from __future__ import annotations

from typing import Any

from strongroom.files.sops.changing import Address, flat_address, flat_text, missing
from strongroom.files.sops.document import Leaf, Scalar
from strongroom.files.sops.formats import dotenv
from strongroom.files.sops.formats.splice import spliced
from strongroom.model.plaintext import Plaintext


def changed(data: bytes, address: Address, value: Any) -> bytes:
    """Return the file with a value; a new one stands at the end."""
    keys, text = flat_address(address, 1), flat_text(value)
    document = dotenv.read(data)
    at = _index(document.leaves, keys)
    if at is not None:
        return dotenv.write(document, {at: Scalar("str", Plaintext(text))})
    line = f"{keys[0]}={text}".replace("\n", "\\n").encode()
    return data + (b"\n" if data and not data.endswith(b"\n") else b"") + line + b"\n"


def without(data: bytes, address: Address) -> bytes:
    """Return the file without a line."""
    leaf = _leaf(data, address)
    start = data.rfind(b"\n", 0, leaf.start) + 1
    return spliced(data, [(start, min(leaf.end + 1, len(data)), b"")])


def found(data: bytes, address: Address) -> bytes:
    """Return a value."""
    return _leaf(data, address).scalar.data.reveal()


def _leaf(data: bytes, address: Address) -> Leaf:
    leaves = dotenv.read(data).leaves
    at = _index(leaves, flat_address(address, 1))
    if at is None:
        raise missing(address)
    return leaves[at]


def _index(leaves: tuple[Leaf, ...], keys: tuple[str, ...]) -> int | None:
    return next((number for number, leaf in enumerate(leaves) if leaf.address == keys and leaf.style != "#"), None)
