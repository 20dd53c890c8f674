"""Snapshots of etcd made without etcd: the smallest bbolt database that holds some revisions.

go.etcd.io/bbolt ``internal/common/page.go`` and ``meta.go``; tests with a real etcd prove that ours is read as its own.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_PAGE = 4096
_MAGIC, _VERSION = 0xED0CDAED, 2
_LEAF, _META, _FREE, _BUCKET = 0x02, 0x04, 0x10, 0x01


class Revision(NamedTuple):
    """One revision of one key; a value of None deletes it."""

    key: str
    value: bytes | None


def snapshot(target: Path, revisions: Iterable[Revision]) -> Path:
    """Write a database whose revisions are 2, 3, 4, ...; the path again."""
    items = [
        (struct.pack(">Q1sQ", number, b"_", 0) + (b"t" if entry.value is None else b""), _key_value(number, entry))
        for number, entry in enumerate(revisions, start=2)
    ]
    keys = _leaf(3, items)
    root = _leaf(2, [(b"key", struct.pack("<QQ", 3, 0))], _BUCKET)
    free = struct.pack("<QHHI", 4 + len(keys) // _PAGE, _FREE, 0, 0).ljust(_PAGE, b"\0")
    target.write_bytes(_meta(0) + _meta(1) + root + keys + free)
    return target


def _key_value(number: int, entry: Revision) -> bytes:
    key, value = entry.key.encode(), entry.value or b""
    numbers = b"\x10" + _varint(number) + b"\x18" + _varint(number) + b"\x20\x01"
    return b"\x0a" + _varint(len(key)) + key + numbers + b"\x2a" + _varint(len(value)) + value


def _leaf(page: int, items: list[tuple[bytes, bytes]], flags: int = 0) -> bytes:
    at = 16 * len(items)
    table, data = b"", b""
    for index, (key, value) in enumerate(items):
        table += struct.pack("<IIII", flags, at - 16 * index + len(data), len(key), len(value))
        data += key + value
    size = -(-(16 + at + len(data)) // _PAGE) * _PAGE
    return (struct.pack("<QHHI", page, _LEAF, len(items), size // _PAGE - 1) + table + data).ljust(size, b"\0")


def _meta(page: int) -> bytes:
    meta = struct.pack("<IIIIQQQQQ", _MAGIC, _VERSION, _PAGE, 0, 2, 0, 4, 5, page)
    number = 0xCBF29CE484222325
    for byte in meta:
        number = ((number ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return (struct.pack("<QHHI", page, _META, 0, 0) + meta + struct.pack("<Q", number)).ljust(_PAGE, b"\0")


def _varint(number: int) -> bytes:
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])
