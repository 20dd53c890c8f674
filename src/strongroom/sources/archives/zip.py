"""ZIP and what is built on it: jar, war, whl, apk, docx (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT)."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

from strongroom.model.skipped import Reason
from strongroom.sources.archives.compressed import FAILURES
from strongroom.sources.archives.member import ArchiveError, Member, Opening

_END = b"PK\x05\x06"  # end of central directory record, APPNOTE 4.3.16
_END_SIZE = 22
_LONGEST_COMMENT = 0xFFFF
_DIRECTORY_BYTES = 16 * 1024 * 1024
_ENCRYPTED = 0x1  # general purpose bit 0, APPNOTE 4.4.4


def is_zip(head: bytes) -> bool:
    """Tell whether a file is a ZIP archive, by its first bytes; self-extracting programs are not looked into."""
    return head.startswith((b"PK\x03\x04", _END))


def in_zip(name: str, stream: BinaryIO, opening: Opening) -> Iterator[Member]:
    """Yield the files of an archive.

    Raises:
        ArchiveError: it is broken, or too much comes out of it.
    """
    _check_directory(stream)
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, NotImplementedError, *FAILURES):
        raise ArchiveError(Reason.BAD_DOCUMENT, "the archive is broken") from None
    with archive:
        for info in archive.infolist():
            opening.enter()
            if not info.is_dir():
                data = _read(archive, info, f"{name}!{info.filename}", opening)
                if data is not None:
                    yield Member(f"{name}!{info.filename}", data)


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: str, opening: Opening) -> bytes | None:
    limit = opening.limits.member_bytes
    if info.flag_bits & _ENCRYPTED:
        opening.skip(path, Reason.UNREADABLE, "it is encrypted")
        return None
    if info.file_size > limit:
        opening.skip(path, Reason.TOO_LARGE)
        return None
    try:
        with archive.open(info) as file:
            data = file.read(limit + 1)  # the directory may lie about the size
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, *FAILURES):
        opening.skip(path, Reason.BAD_DOCUMENT, "its compressed data is broken, or of an unknown method")
        return None
    opening.spend(len(data))
    return data


def _check_directory(stream: BinaryIO) -> None:
    """Refuse a directory that would fill the memory: ``zipfile`` reads it whole."""
    size = stream.seek(0, 2)
    start = stream.seek(max(0, size - _END_SIZE - _LONGEST_COMMENT))
    tail = stream.read(size - start)
    stream.seek(0)
    at = tail.rfind(_END)
    if at < 0 or at + _END_SIZE > len(tail):
        raise ArchiveError(Reason.BAD_DOCUMENT, "the archive has no end: it is broken or cut")
    (directory,) = struct.unpack_from("<I", tail, at + 12)
    if _DIRECTORY_BYTES < directory < 0xFFFFFFFF or (directory == 0xFFFFFFFF and size > 1 << 32):
        raise ArchiveError(Reason.TOO_LARGE, "its directory is too large")
