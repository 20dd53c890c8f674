"""TAR archives as POSIX, GNU and PAX write them, read in one pass."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import BinaryIO, Self

from strongroom.model.skipped import Reason
from strongroom.sources.archives.compressed import FAILURES
from strongroom.sources.archives.member import ArchiveError, Member, Opening

_MAGIC_AT, _MAGIC = 257, b"ustar"  # POSIX.1-2017, pax, "ustar Header Block"
_HEADER_BYTES = 1024 * 1024
_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


class _Info(tarfile.TarInfo):
    """A header that says no more of itself than fits into memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        info = super().frombuf(buf, encoding, errors)
        if info.size < 0 or (info.type in _HEADERS and info.size > _HEADER_BYTES):
            raise ArchiveError(Reason.TOO_LARGE, "a header of it is too large")
        return info


def is_tar(head: bytes) -> bool:
    """Tell whether a file is a TAR archive, by its first 512 bytes."""
    return head[_MAGIC_AT : _MAGIC_AT + 5] == _MAGIC


def in_tar(name: str, stream: BinaryIO, opening: Opening) -> Iterator[Member]:
    """Yield the regular files of an archive; the stream needs no seek.

    Raises:
        ArchiveError: it is broken, or too much comes out of it.
    """
    for info, archive in entries(stream, opening, "r|"):
        if info.isreg():
            path = f"{name}!{info.name.removeprefix('./')}"
            data = contents(archive, info, path, opening)
            if data is not None:
                yield Member(path, data)


def entries(stream: BinaryIO, opening: Opening, mode: str) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]:
    """Yield the entries of an archive; ``mode`` is ``r|`` for one pass, ``r:`` where the stream can seek.

    Raises:
        ArchiveError: it is broken, or has too many entries.
    """
    try:
        with tarfile.open(fileobj=stream, mode=mode, tarinfo=_Info, errorlevel=0) as archive:  # type: ignore[call-overload]
            for info in archive:
                opening.enter()
                yield info, archive
                if mode == "r|":
                    archive.members = []  # the list would grow with the archive
    except (tarfile.TarError, OverflowError, *FAILURES):
        raise ArchiveError(Reason.BAD_DOCUMENT, "the archive is broken") from None


def contents(archive: tarfile.TarFile, info: tarfile.TarInfo, path: str, opening: Opening) -> bytes | None:
    """Return the bytes of a regular file; None where it is too large.

    Raises:
        ArchiveError: too much came out.
    """
    limit = opening.limits.member_bytes
    if info.size > limit:
        opening.skip(path, Reason.TOO_LARGE)
        return None
    file = archive.extractfile(info)
    data = file.read(limit + 1) if file is not None else b""
    opening.spend(len(data))
    return data
