"""Compressed streams: gzip (RFC 1952), bzip2, xz and Zstandard (RFC 8878), read in pieces."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable
from typing import BinaryIO, cast

from strongroom.model.skipped import Reason
from strongroom.sources.archives.member import ArchiveError, Opening

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["FAILURES", "is_compressed", "name_inside", "opened", "zstd"]

FAILURES = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zstd.ZstdError)
"""What reading a broken stream raises."""

_XZ_MEMORY = 128 * 1024 * 1024  # xz -9 needs 65 MiB to decompress (xz(1), "Memory usage")


class _Xz(io.RawIOBase):
    """An xz stream whose dictionary may not take all memory, which ``lzma.open`` cannot say."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._inflate = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._inflate.eof:
            fresh = self._stream.read(64 * 1024) if self._inflate.needs_input else b""
            if self._inflate.needs_input and not fresh:
                raise EOFError("the stream ends early")
            out = self._inflate.decompress(fresh, len(buffer))
            if out:
                buffer[: len(out)] = out
                return len(out)
        return 0


_KINDS: tuple[tuple[bytes, str, Callable[[BinaryIO], BinaryIO]], ...] = (
    (b"\x1f\x8b\x08", ".gz", lambda stream: cast("BinaryIO", gzip.GzipFile(fileobj=stream))),
    (b"BZh", ".bz2", lambda stream: cast("BinaryIO", bz2.BZ2File(stream))),
    (b"\xfd7zXZ\x00", ".xz", lambda stream: cast("BinaryIO", io.BufferedReader(_Xz(stream)))),
    (b"\x28\xb5\x2f\xfd", ".zst", lambda stream: cast("BinaryIO", zstd.ZstdFile(stream))),
)
"""First bytes, suffix, and what reads it."""

_MAGICS = tuple(magic for magic, _, _ in _KINDS)
_SUFFIXES = {".tgz": ".tar", ".tbz2": ".tar", ".txz": ".tar", ".tzst": ".tar"}


class Metered(io.RawIOBase):
    """A stream that counts what is read of it, so that a bomb goes off early."""

    def __init__(self, stream: BinaryIO, opening: Opening) -> None:
        self._stream = stream
        self._opening = opening

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read into a buffer.

        Raises:
            ArchiveError: the stream is broken, or too much came out.
        """
        try:
            out = self._stream.read(len(buffer))
        except FAILURES:
            raise ArchiveError(Reason.BAD_DOCUMENT, "its compressed data is broken") from None
        self._opening.spend(len(out))
        buffer[: len(out)] = out
        return len(out)


def is_compressed(head: bytes) -> bool:
    """Tell whether a file is compressed, by its first bytes."""
    return head.startswith(_MAGICS)


def opened(stream: BinaryIO, opening: Opening) -> BinaryIO:
    """Return the decompressed contents of a stream that stands at its start; itself where it is not compressed."""
    head = stream.read(6)
    stream.seek(0)
    for magic, _, reader in _KINDS:
        if head.startswith(magic):
            return cast("BinaryIO", io.BufferedReader(Metered(reader(stream), opening), 256 * 1024))
    return stream


def name_inside(name: str, head: bytes) -> str:
    """Return what a compressed file is called inside: ``app.log`` for ``app.log.gz``."""
    last = name.rpartition("!")[2].rpartition("/")[2]
    for suffix, inner in _SUFFIXES.items():
        if last.lower().endswith(suffix):
            return last[: -len(suffix)] + inner
    for magic, suffix, _ in _KINDS:
        if head.startswith(magic) and last.lower().endswith(suffix):
            return last[: -len(suffix)]
    return "contents"
