"""Read the keys of an etcd snapshot, or of any etcd database file, without etcd.

The file is a bbolt database (go.etcd.io/bbolt ``internal/common``: ``page.go``, ``meta.go``, ``bucket.go``); the bucket
``key`` holds every revision of every key as ``mvccpb.KeyValue`` (go.etcd.io/etcd ``api/mvccpb/kv.proto``), ordered by
revision. Numbers are little-endian, as every platform writes them that etcd supports. Pages are read one at a time, and
of a value only as much as its prefix needs, so that the size of the file does not matter.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from strongroom.errors import SourceError
from strongroom.model.controlplane import EtcdContents
from strongroom.model.origin import Origin
from strongroom.sources.etcd_values import KMS_V2, LONGEST_PREFIX, Tally, stored_as

MAGIC = 0xED0CDAED
_VERSION = 2
_PAGE_HEADER = struct.Struct("<QHHI")  # id, flags, count, overflow
_META = struct.Struct("<IIIIQQQQQ")  # magic, version, page size, flags, root, sequence, freelist, high water, txid
_BRANCH = struct.Struct("<IIQ")  # position, key size, page
_LEAF = struct.Struct("<IIII")  # flags, position, key size, value size
_BRANCH_FLAG, _LEAF_FLAG, _BUCKET_FLAG = 0x01, 0x02, 0x01
_PAGE_SIZES = tuple(1 << shift for shift in range(9, 17))
_BUCKET = b"key"
_REVISION_BYTES = 17  # eight bytes, an underscore, eight bytes (server/storage/mvcc/revision.go)
_TOMBSTONE = b"t"
_DEEPEST = 64
_LARGEST_VALUE = 16 << 20  # ten times what etcd takes by default
_HEAD = 1024 + LONGEST_PREFIX  # a key, its numbers, and the beginning of its value
_FNV_OFFSET, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3  # FNV-1a, 64 bits (RFC 9923)


class _Item(NamedTuple):
    """One entry of a leaf: where its key and value lie in the file."""

    flags: int
    at: int
    key_size: int
    value_size: int


def is_database(head: bytes) -> bool:
    """Tell by its first 32 bytes whether a file is a bbolt database."""
    return len(head) >= 24 and struct.unpack_from("<II", head, _PAGE_HEADER.size) == (MAGIC, _VERSION)


def is_snapshot(path: Path) -> bool:
    """Tell by its first bytes whether a file is an etcd database."""
    try:
        with path.open("rb") as stream:
            return is_database(stream.read(32))
    except OSError:
        return False


def contents_of_snapshot(path: Path, origin: Origin, prefix: str) -> EtcdContents:
    """Return what an etcd database says of its values.

    Raises:
        SourceError: the file cannot be read, is no etcd database, or is damaged.
    """
    try:
        with path.open("rb") as stream:
            tally = Tally(prefix)
            for key, value, deleted in _Database(stream, str(path)).revisions():
                if deleted:
                    tally.remove(key)
                else:
                    tally.put(key, stored_as(value))
    except OSError as error:
        raise SourceError(f"{path} cannot be read", hint=(error.strerror or "").lower()) from None
    return tally.contents(origin)


class _Database:
    """A bbolt database, read page by page."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._name = name
        self._end = stream.seek(0, 2)
        self._page_size, self._root = self._meta()

    def revisions(self) -> Iterator[tuple[str, bytes, bool]]:
        """Yield every revision in order: the key, as much of the value as is needed, and whether it deletes the key."""
        for item in self._leaves(self._bucket(), 0, set()):
            revision = self._bytes(item.at, item.key_size)
            if len(revision) < _REVISION_BYTES:
                raise self._damaged()
            head = self._bytes(item.at + item.key_size, min(item.value_size, _HEAD))
            key, value, whole = _key_value(head)
            if not whole and value.startswith(KMS_V2) and item.value_size <= _LARGEST_VALUE:
                _, value, _ = _key_value(self._bytes(item.at + item.key_size, item.value_size))
            yield key.decode("utf-8", "replace"), value, revision[_REVISION_BYTES:] == _TOMBSTONE

    def _meta(self) -> tuple[int, int]:
        """Return the page size and the root page of the newest of the two meta pages that is whole."""
        found: list[tuple[int, int, int]] = []
        for size in _PAGE_SIZES:
            for at in (0, size):
                if at + _PAGE_HEADER.size + _META.size + 8 > self._end:
                    continue
                raw = self._bytes(at + _PAGE_HEADER.size, _META.size + 8)
                magic, version, page_size, _, root, _, _, _, txid = _META.unpack_from(raw)
                checksum = int.from_bytes(raw[_META.size :], "little")
                if (magic, version, page_size) == (MAGIC, _VERSION, size) and checksum == _fnv1a(raw[: _META.size]):
                    found.append((txid, page_size, root))
        if not found:
            raise SourceError(
                f"{self._name} is no etcd database", hint="a snapshot is made by etcdctl snapshot save FILE"
            )
        _, page_size, root = max(found)
        return page_size, root

    def _bucket(self) -> int:
        for item in self._leaves(self._root, 0, set()):
            if item.flags & _BUCKET_FLAG and self._bytes(item.at, item.key_size) == _BUCKET:
                root = int.from_bytes(self._bytes(item.at + item.key_size, 8), "little")
                if root:
                    return root
                break
        raise SourceError(f"{self._name} holds no keys of etcd", hint="is it the database of another program?")

    def _leaves(self, page: int, depth: int, seen: set[int]) -> Iterator[_Item]:
        start = page * self._page_size
        _, flags, count, _ = _PAGE_HEADER.unpack(self._bytes(start, _PAGE_HEADER.size))
        if depth > _DEEPEST or page in seen:  # in a tree every page has one parent
            raise self._damaged()
        seen.add(page)
        table = start + _PAGE_HEADER.size
        if flags & _BRANCH_FLAG:
            elements = self._bytes(table, count * _BRANCH.size)
            for _, _, child in _BRANCH.iter_unpack(elements):
                yield from self._leaves(child, depth + 1, seen)
        elif flags & _LEAF_FLAG:
            elements = self._bytes(table, count * _LEAF.size)
            for index, (item_flags, position, key_size, value_size) in enumerate(_LEAF.iter_unpack(elements)):
                yield _Item(item_flags, table + index * _LEAF.size + position, key_size, value_size)
        else:
            raise self._damaged()

    def _bytes(self, at: int, count: int) -> bytes:
        if at < 0 or count > _LARGEST_VALUE or at + count > self._end:
            raise self._damaged()
        self._stream.seek(at)
        data = self._stream.read(count)
        if len(data) < count:
            raise self._damaged()
        return data

    def _damaged(self) -> SourceError:
        return SourceError(f"{self._name} is a damaged etcd database", hint="take the snapshot again")


def _fnv1a(data: bytes) -> int:
    number = _FNV_OFFSET
    for byte in data:
        number = ((number ^ byte) * _FNV_PRIME) & 0xFFFFFFFFFFFFFFFF
    return number


def _key_value(message: bytes) -> tuple[bytes, bytes, bool]:
    """Read the key and the value of a ``KeyValue``, and whether the value is there wholly."""
    key = value = b""
    whole = True
    at = 0
    while at < len(message):
        tag, at = _number(message, at)
        if tag & 7 == 0:
            _, at = _number(message, at)
        elif tag & 7 == 2:
            length, at = _number(message, at)
            part = message[at : at + length]
            if tag >> 3 == 1:
                key = part
            elif tag >> 3 == 5:
                value, whole = part, len(part) == length
            at += length
        else:
            break
    return key, value, whole


def _number(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
    return 0, len(data)
