"""Read the keys of an etcd snapshot, or of any etcd database file, without etcd.

The file is a bbolt database (go.etcd.io/bbolt ``internal/common``: ``page.go``, ``meta.go``, ``bucket.go``); the bucket
``key`` holds every revision of every key as ``mvccpb.KeyValue`` (go.etcd.io/etcd ``api/mvccpb/kv.proto``), ordered by
revision. Numbers are little-endian, as every platform writes them that etcd supports. Pages are read one at a time, and
of large values only as much as their prefix needs, so that the size of the file does not matter.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, NoReturn, Self, TypeAlias

from strongroom.documents.wire import WireError, varint
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
_SECTOR = 512  # every database is a multiple of it: etcdutl tells by it whether a sum follows
_LARGEST_VALUE = 16 << 20  # ten times what etcd takes by default
_HEAD = 1024 + LONGEST_PREFIX  # a key, its numbers, and the beginning of its value
_READ_WHOLE = 256 << 10  # a page of small values is read at once, of large ones only their beginnings
_FNV_OFFSET, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3  # FNV-1a, 64 bits (RFC 9923)


_Leaf: TypeAlias = tuple[bytes, int, Iterable[tuple[int, tuple[int, int, int, int]]]]


class Revision(NamedTuple):
    """One revision of one key.

    Attributes:
        key: it, as text.
        head: the beginning of the value; all of it where the id of its KMS key may stand at its end.
        deleted: whether this revision deletes the key.
        revision: its number.
        at, size: where the ``KeyValue`` lies in the file.
    """

    key: str
    head: bytes
    deleted: bool
    revision: int
    at: int
    size: int

    def __repr__(self) -> str:
        return f"Revision({self.key!r}, {self.revision})"


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
    tally = Tally(prefix)
    with Snapshot(path) as snapshot:
        for entry in snapshot.revisions():
            if entry.deleted:
                tally.remove(entry.key)
            else:
                tally.put(entry.key, stored_as(entry.head))
    return tally.contents(origin)


class Snapshot:
    """An etcd database, read page by page; a context manager.

    Raises:
        SourceError: the file cannot be read, is no etcd database, or is damaged; every method likewise.
    """

    def __init__(self, path: Path) -> None:
        self._name = str(path)
        self._page_size = 0
        try:
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            self._end = os.fstat(self._file).st_size
        except OSError as error:
            raise self._unreadable(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self._file)

    def revisions(self) -> Iterator[Revision]:
        """Yield every revision in order."""
        self._page_size, root = self._meta()
        for page, start, items in self._leaves(self._bucket(root), 0, set()):
            for at, (_, position, key_size, value_size) in items:
                begin = at + position
                revision = self._part(page, start, begin, key_size)
                value_at = begin + key_size
                if key_size < _REVISION_BYTES:
                    raise self._damaged()
                message = self._part(page, start, value_at, min(value_size, _HEAD))
                key, value, whole = _key_value(message)
                if not whole and value.startswith(KMS_V2) and value_size <= _LARGEST_VALUE:
                    _, value, _ = _key_value(self._part(page, start, value_at, value_size))
                yield Revision(
                    key.decode("utf-8", "replace"),
                    value,
                    revision[_REVISION_BYTES:] == _TOMBSTONE,
                    int.from_bytes(revision[:8], "big"),
                    value_at,
                    value_size,
                )

    def value(self, at: int, size: int) -> bytes:
        """Return the value of a key whole, by its place as a `Revision` tells it."""
        _, value, whole = _key_value(self._bytes(at, size))
        if not whole:
            raise self._damaged()
        return value

    def check_sum(self) -> None:
        """Check the SHA-256 that ``etcdctl snapshot save`` writes at the end; a database without one is not checked.

        Raises:
            SourceError: the file is not as etcd wrote it.
        """
        last = hashlib.sha256().digest_size
        if self._end % _SECTOR != last:
            return
        found = hashlib.sha256()
        for at in range(0, self._end - last, _LARGEST_VALUE):
            found.update(self._bytes(at, min(_LARGEST_VALUE, self._end - last - at)))
        if found.digest() != self._bytes(self._end - last, last):
            raise self._damaged()

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

    def _bucket(self, root: int) -> int:
        for page, start, items in self._leaves(root, 0, set()):
            for at, (flags, position, key_size, value_size) in items:
                begin = at + position
                if flags & _BUCKET_FLAG and self._part(page, start, begin, key_size) == _BUCKET and value_size >= 8:
                    return int.from_bytes(self._part(page, start, begin + key_size, 8), "little") or self._none()
        return self._none()

    def _none(self) -> NoReturn:
        raise SourceError(f"{self._name} holds no keys of etcd", hint="is it the database of another program?")

    def _leaves(self, page: int, depth: int, seen: set[int]) -> Iterator[_Leaf]:
        """Yield of each leaf in order what was read of it, where that begins, and its entries with their places."""
        start = page * self._page_size
        _, flags, count, overflow = _PAGE_HEADER.unpack(self._bytes(start, _PAGE_HEADER.size))
        if depth > _DEEPEST or page in seen:  # in a tree every page has one parent
            raise self._damaged()
        seen.add(page)
        table = start + _PAGE_HEADER.size
        if flags & _BRANCH_FLAG:
            elements = self._bytes(table, count * _BRANCH.size)
            for _, _, child in _BRANCH.iter_unpack(elements):
                yield from self._leaves(child, depth + 1, seen)
        elif flags & _LEAF_FLAG:
            size = (overflow + 1) * self._page_size
            whole = self._bytes(start, size if size <= _READ_WHOLE else _PAGE_HEADER.size + count * _LEAF.size)
            elements = whole[_PAGE_HEADER.size : _PAGE_HEADER.size + count * _LEAF.size]
            if len(elements) < count * _LEAF.size:
                raise self._damaged()
            yield whole, start, zip(itertools.count(table, _LEAF.size), _LEAF.iter_unpack(elements), strict=False)
        else:
            raise self._damaged()

    def _part(self, page: bytes, start: int, at: int, count: int) -> bytes:
        """Return bytes of the file, from the page that was read where they lie in it."""
        offset = at - start
        data = page[offset : offset + count]
        return data if len(data) == count else self._bytes(at, count)

    def _bytes(self, at: int, count: int) -> bytes:
        if at < 0 or count > _LARGEST_VALUE or at + count > self._end:
            raise self._damaged()
        try:
            data = os.pread(self._file, count, at)
        except OSError as error:
            raise self._unreadable(error) from None
        if len(data) < count:
            raise self._damaged()
        return data

    def _unreadable(self, error: OSError) -> SourceError:
        return SourceError(f"{self._name} cannot be read", hint=(error.strerror or "").lower())

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
    at, end = 0, len(message)
    while at < end:
        tag = message[at]  # all fields have numbers below 16
        at += 1
        if tag & 7 == 0:
            while at < end and message[at] >= 0x80:
                at += 1
            at += 1
        elif tag & 7 == 2:
            try:
                length, at = (message[at], at + 1) if at < end and message[at] < 0x80 else varint(message, at)
            except WireError:  # where what was read of the message ends
                break
            part = message[at : at + length]
            if tag >> 3 == 1:
                key = part
            elif tag >> 3 == 5:
                value, whole = part, len(part) == length
            at += length
        else:
            break
    return key, value, whole
