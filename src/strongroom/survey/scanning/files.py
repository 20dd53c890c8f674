"""A scan of files, folders and standard input."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from strongroom.errors import SourceError
from strongroom.leaks.plain import WINDOW
from strongroom.model.origin import Origin
from strongroom.model.skipped import Reason, Skipped
from strongroom.sources.tree import joined, names_below
from strongroom.survey.scanning.archives import Archives
from strongroom.survey.scanning.blobs import LARGEST_DOCUMENT, Blobs
from strongroom.survey.scanning.hit import Hit
from strongroom.survey.scanning.request import Scanned, ScanRequest
from strongroom.survey.scanning.threads import in_threads

_HEAD = 8000
"""Git takes a file for binary where a NUL is in so many first bytes (``xdiff-interface.c``, ``FIRST_FEW_BYTES``)."""
_SMALL = 1 << 18
_FIRST = 1 << 16
"""What tells whether the rest of a file is read: programs and pictures are large, and read for nothing."""
_MANY = 200
"""So many files are worth a process that reads documents beside the threads."""
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class _Root(NamedTuple):
    """What was named: a folder, or a file, whose paths are these and nothing more."""

    source: str
    shown: str
    path: str


class _File(NamedTuple):
    """One file of many: its paths are made when they are asked for."""

    root: _Root
    name: str

    @property
    def shown(self) -> str:
        """The path as reports show it."""
        return joined(self.root.shown, self.name) if self.name else self.root.shown

    @property
    def path(self) -> str:
        """The path as the system knows it."""
        return joined(self.root.path, self.name) if self.name else self.root.path


class _Result(NamedTuple):
    hits: list[Hit]
    skipped: list[Skipped]
    read: bool = True


def is_text(head: bytes) -> bool:
    """Tell whether a file is text by how it begins."""
    return b"\0" not in head[:_HEAD] or head.startswith(_UTF16)


def read_paths(request: ScanRequest, blobs: Blobs) -> Scanned:
    """Scan files and folders.

    Raises:
        SourceError: one of them does not exist, or there is no file in them.
        StrongroomError: the rules could not be loaded.
    """
    scanned = Scanned()
    files = list(_files(request, scanned))
    if not files:
        raise SourceError(f"no file in {', '.join(request.paths)}", hint="--no-gitignore reads ignored files too")
    request.progress(f"scanning {len(files):,} files")
    archives = Archives(blobs, request.archive_depth)
    layouts = [file for file in files if _is_layout(file)] if request.archive_depth else []
    inside = tuple(f"{Path(file.path).parent}{os.sep}blobs{os.sep}" for file in layouts)
    loose = [file for file in files if not file.path.startswith(inside)] if inside else files
    blobs.look_ahead(_texts(loose, blobs.may_read))
    blobs.load()
    with blobs.beside(request.processes if len(loose) >= _MANY else 0):
        results = in_threads(loose, lambda file: _look(file, request, blobs, archives))
    results += [_in_layout(file, archives) for file in layouts]
    scanned.hits += [hit for _, hit in blobs.finish()]
    for result in results:
        scanned.hits += result.hits
        scanned.skipped += result.skipped
    scanned.files = len(files) - sum(not result.read for result in results)
    scanned.hits.sort(key=_order)
    return scanned


def _order(hit: Hit) -> tuple[str, int, int, str]:
    return hit.origin.path, hit.origin.line, hit.origin.column, hit.rule


def _files(request: ScanRequest, scanned: Scanned) -> Iterator[_File]:
    seen: set[str] = set()
    for source in request.paths:
        path = Path(source)
        try:
            is_folder, is_file = path.is_dir(), path.is_file()
        except OSError:
            is_folder = is_file = False
        files: Iterable[_File]
        if is_folder:
            root = _Root(source, shown(path), str(path.absolute()))
            names = names_below(path, root.shown, scanned.skipped, gitignore=request.gitignore)
            files = (_File(root, name) for name in names)
        elif is_file:
            files = [_File(_Root(source, shown(path), str(path)), "")]
        elif path.exists():
            raise SourceError(f"{source} is not a regular file", hint="name a file or a folder; --stdin reads a stream")
        else:
            raise SourceError(f"{source} does not exist", hint="name a file or a folder")
        if len(request.paths) == 1:
            yield from files
            return
        for file in files:
            if file.shown not in seen:
                seen.add(file.shown)
                yield file


def shown(path: Path) -> str:
    """Return a path as reports show it: relative to the working folder where it is below it."""
    absolute = os.path.abspath(path)  # noqa: PTH100 - resolve() would follow links
    here = str(Path.cwd())
    if absolute == here:
        return ""
    return absolute[len(here) + 1 :] if absolute.startswith(here + os.sep) else str(path)


def _is_layout(file: _File) -> bool:
    return (file.name or file.root.path).rpartition(os.sep)[2] == "oci-layout"


def _in_layout(file: _File, archives: Archives) -> _Result:
    skipped: list[Skipped] = []
    folder = Path(file.path).parent
    origin = Origin(file.root.source, shown(folder) or folder.resolve().name)
    return _Result(archives.look_at_layout(folder, origin, skipped.append), skipped)


def _look(file: _File, request: ScanRequest, blobs: Blobs, archives: Archives) -> _Result | None:
    """Scan one file; None where there is nothing to say."""
    skipped: list[Skipped] = []
    path = file.shown
    try:
        # A file may have become a FIFO since it was listed; opening one would wait for ever.
        descriptor = os.open(file.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size
            if size > request.max_bytes:
                detail = f"more than {request.max_bytes >> 20} MiB; --max-file-size allows more"
                return _unread(file, Reason.TOO_LARGE, detail)
            data = os.read(descriptor, min(size, _FIRST) + 1)
            origin = Origin(file.root.source, path)
            if archives.opens(data):
                with _again(descriptor) as stream:
                    hits = archives.look(stream, origin, skipped.append)
            elif not is_text(data):
                return _unread(file, Reason.BINARY, problem=False)
            elif size > LARGEST_DOCUMENT:
                with _again(descriptor) as stream:
                    hits = list(blobs.look_at_stream(path, stream, origin))
            else:
                rest = os.read(descriptor, size + 1 - len(data)) if size > _FIRST else b""
                hits = blobs.look(path, data + rest, origin, 0)
        finally:
            os.close(descriptor)
    except OSError as error:
        return _unread(file, Reason.UNREADABLE, (error.strerror or "").lower())
    return _Result(hits, skipped) if hits or skipped else None


def _texts(files: Iterable[_File], wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Yield the small files that are text, of those whose names are wanted; what cannot be read is met again."""
    for file in files:
        path = file.shown
        if not wanted(path):
            continue
        with contextlib.suppress(OSError):
            descriptor = os.open(file.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                data = os.read(descriptor, _SMALL) if os.fstat(descriptor).st_size < _SMALL else b""
            finally:
                os.close(descriptor)
            if data and is_text(data):
                yield path, data


def _again(descriptor: int) -> BinaryIO:
    """Open a file again that stands open, from its start."""
    stream = open(os.dup(descriptor), "rb")  # noqa: PTH123, SIM115 - a descriptor, not a path; the caller closes it
    stream.seek(0)
    return stream


def _unread(file: _File, reason: Reason, detail: str = "", *, problem: bool = True) -> _Result:
    return _Result([], [Skipped(file.shown, 0, 0, reason, detail, problem=problem)], read=False)


def read_stream(blobs: Blobs, stdin: BinaryIO | None) -> Scanned:
    """Scan standard input: text of any size; as documents too where it is small enough for one.

    Raises:
        StrongroomError: the rules could not be loaded.
    """
    stream = stdin or sys.stdin.buffer
    data = stream.read(LARGEST_DOCUMENT + 1)
    origin = Origin("-", "-")
    blobs.load()
    if len(data) <= LARGEST_DOCUMENT:
        return Scanned(hits=blobs.look("-", data, origin), files=1)
    joined = io.BufferedReader(_Chained(data, stream), WINDOW)
    return Scanned(hits=list(blobs.look_at_stream("-", joined, origin)), files=1)


class _Chained(io.RawIOBase):
    """What was read already, and then the rest of the stream."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        part = self._head[: len(buffer)] if self._head else memoryview(self._rest.read(len(buffer)))
        self._head = self._head[len(part) :] if self._head else self._head
        buffer[: len(part)] = part
        return len(part)
