"""Archives and container images, read in memory and within bounds; nothing of them is unpacked to a disk."""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Self, cast

from strongroom.model.skipped import Reason, Skipped
from strongroom.sources.archives.compressed import is_compressed, name_inside, opened
from strongroom.sources.archives.image import in_image, is_image, may_be_image
from strongroom.sources.archives.member import DEFAULT, ArchiveError, ArchiveLimits, Member, Opening
from strongroom.sources.archives.tar import entries, in_tar, is_tar
from strongroom.sources.archives.zip import in_zip, is_zip

HEAD = 512
"""So many first bytes tell what a file is."""

__all__ = ["HEAD", "ArchiveLimits", "Member", "image_layout", "is_archive", "members"]


def is_archive(head: bytes) -> bool:
    """Tell whether a file is an archive or compressed, by its first `HEAD` bytes; its name says nothing."""
    return is_zip(head) or is_tar(head) or is_compressed(head)


def members(
    name: str, stream: BinaryIO, skipped: Callable[[Skipped], None], limits: ArchiveLimits = DEFAULT
) -> Iterator[Member]:
    """Yield the files of an archive, of those inside it too; nothing of what is no archive.

    Args:
        name: its path, the first part of each member's.
        stream: its bytes; it can seek.
        skipped: called with everything that is left out, and why.
        limits: how much is read.
    """
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    yield from _within(name, stream, Opening(size, limits, skipped), limits.depth)


def image_layout(
    folder: Path, name: str, skipped: Callable[[Skipped], None], limits: ArchiveLimits = DEFAULT
) -> Iterator[Member]:
    """Yield the files of an image that lies in a folder as an OCI layout; nothing where it is none."""
    if not (folder / "oci-layout").is_file() or not (folder / "index.json").is_file():
        return
    opening = Opening(sum(f.stat().st_size for f in folder.glob("blobs/*/*")), limits, skipped)
    with _Files(folder) as files:
        yield from _guarded(name, in_image(name, files.open, opening), opening, limits.depth - 1)


class _Files:
    """The blobs of a layout in a folder; one is open at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._open: list[BinaryIO] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in self._open:
            stream.close()

    def open(self, name: str) -> BinaryIO | None:
        """Open a file of the layout; None where it is missing, or a link that leads out of it."""
        path = (self._folder / name).resolve()
        if not path.is_relative_to(self._folder) or not path.is_file():
            return None
        self.__exit__()
        self._open = [path.open("rb")]
        return self._open[0]


def _within(name: str, stream: BinaryIO, opening: Opening, depth: int) -> Iterator[Member]:
    head = stream.read(HEAD)
    stream.seek(0)
    if depth <= 0:
        opening.skip(name, Reason.LIMIT, "archives inside each other")
    elif is_zip(head):
        yield from _guarded(name, in_zip(name, stream, opening), opening, depth - 1)
    elif is_tar(head):
        yield from _guarded(name, _tar_or_image(name, stream, opening), opening, depth - 1)
    elif is_compressed(head):
        yield from _guarded(name, _decompressed(name, stream, head, opening), opening, depth - 1)


def _guarded(name: str, found: Iterator[Member], opening: Opening, depth: int) -> Iterator[Member]:
    """Look into what is itself an archive; say why an archive could not be read to its end."""
    try:
        for member in found:
            if is_archive(member.data[:HEAD]):
                for inner in _within(member.path, io.BytesIO(member.data), opening, depth):
                    yield inner._replace(note=inner.note or member.note)
            else:
                yield member
    except ArchiveError as error:
        opening.skip(name, error.reason, error.detail)
        if error.reason is Reason.LIMIT and depth + 1 < opening.limits.depth:
            raise  # what all of it together may cost is spent


def _tar_or_image(name: str, stream: BinaryIO, opening: Opening) -> Iterator[Member]:
    found: dict[str, tarfile.TarInfo] = {}
    for info, _ in entries(stream, opening, "r:"):
        if info.isreg():
            found[info.name.removeprefix("./")] = info
        elif info.issym():  # docker save before version 25 names a layer that it holds already by a link
            target = posixpath.normpath(posixpath.join(posixpath.dirname(info.name), info.linkname))
            if target in found:
                found[info.name.removeprefix("./")] = found[target]
    stream.seek(0)
    if not is_image(set(found)):
        yield from in_tar(name, stream, opening)
        return

    def blob(wanted: str) -> BinaryIO | None:
        info = found.get(wanted)
        if info is None or info.issparse():
            return None
        return cast("BinaryIO", io.BufferedReader(_Slice(stream, info.offset_data, info.size)))

    yield from in_image(name, blob, opening)


class _Slice(io.RawIOBase):
    """A part of a stream that can seek."""

    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        self._stream, self._start, self._size, self._at = stream, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = min(max(base + offset, 0), self._size)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._stream.seek(self._start + self._at)
        out = self._stream.read(min(len(buffer), self._size - self._at))
        buffer[: len(out)] = out
        self._at += len(out)
        return len(out)


def _decompressed(name: str, stream: BinaryIO, head: bytes, opening: Opening) -> Iterator[Member]:
    """A compressed file is one member; where that is a TAR archive, it is read while it is decompressed."""
    inner = f"{name}!{name_inside(name, head)}"
    plain = cast("io.BufferedReader", opened(stream, opening))
    if not is_tar(plain.peek(HEAD)[:HEAD]):
        data = plain.read(opening.limits.member_bytes + 1)
        if len(data) > opening.limits.member_bytes:
            opening.skip(inner, Reason.TOO_LARGE)
        else:
            yield Member(inner, data)
        return
    if may_be_image(plain.peek(HEAD)[:HEAD]):
        whole = plain.read(opening.limits.whole_bytes + 1)
        if len(whole) <= opening.limits.whole_bytes:
            yield from _tar_or_image(name, io.BytesIO(whole), opening)
            return
        stream.seek(0)
        plain = cast("io.BufferedReader", opened(stream, opening))
    yield from in_tar(name, plain, opening)
