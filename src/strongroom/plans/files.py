"""Files of a plan: found inside its folder, edited, replaced atomically."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from strongroom.errors import PlanError
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import ABSENT, Piece, Sealed, Splice, Text
from strongroom.writing import sync_folder

_THREADS = 16  # they wait for the disk, which writes for many at once


_ACL = "system.posix_acl_access"  # acl(5) as an extended attribute: its mask stands in the bits of the group


class Contents(NamedTuple):
    """What a file holds now; None where there is no file. ``mode`` is its permission bits, ``owner`` user and group."""

    data: bytes | None
    mode: int = 0
    owner: tuple[int, int] | None = None

    def digest(self, key: bytes) -> str:
        """Return the keyed digest; `ABSENT` where there is no file."""
        return ABSENT if self.data is None else Plaintext(self.data).fingerprint(key)

    def __repr__(self) -> str:
        return "Contents(hidden)"


def place(root: Path, path: str) -> Path:
    """Return where a file of a plan lies; a link inside the folder is followed.

    Raises:
        PlanError: the path leads out of the folder.
    """
    parts = PurePosixPath(path)
    outside = PlanError(f"{path} is not inside {root}", hint="a plan changes files of its folder only")
    if not path or parts.is_absolute() or ".." in parts.parts or "\0" in path:
        raise outside
    base = os.path.realpath(root)
    found = os.path.realpath(os.path.join(base, path))  # noqa: PTH118 - of many files; texts are quick
    if not found.startswith(os.path.join(base, "")) or found == base:  # noqa: PTH118
        raise outside
    return Path(found)


def read(path: Path) -> Contents:
    """Return what a file holds.

    Raises:
        PlanError: it is no regular file, or cannot be read.
    """
    try:
        # A pipe without a writer would never open.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0) as stream:  # noqa: PTH123
            about = os.fstat(stream.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise PlanError(f"{path} is no regular file", hint="a plan changes regular files only")
            return Contents(stream.read(), about.st_mode & 0o7777, (about.st_uid, about.st_gid))
    except FileNotFoundError:
        return Contents(None)
    except OSError as error:
        raise PlanError(f"{path} cannot be read", hint=(error.strerror or "").lower()) from None


def _locked(_: Sealed) -> bytes:
    raise PlanError("the plan brings a value that cannot be opened here")


def spliced(data: bytes, splices: tuple[Splice, ...], value: Callable[[Sealed], bytes] = _locked) -> bytes:
    """Return contents after a change.

    Args:
        data: the contents before it.
        splices: what changes.
        value: opens what the plan brings sealed.

    Raises:
        PlanError: a splice lies outside the contents; a value cannot be opened.
    """
    out, at = [], 0
    for splice in splices:
        if not at <= splice.start <= splice.end <= len(data):
            raise PlanError("the plan does not fit the file", hint="make it again")
        out.append(data[at : splice.start])
        out += [_brought(data, piece, value) for piece in splice.pieces]
        at = splice.end
    out.append(data[at:])
    return b"".join(out)


def _brought(data: bytes, piece: Piece, value: Callable[[Sealed], bytes]) -> bytes:
    if isinstance(piece, Text):
        return piece.text.encode()
    if isinstance(piece, Sealed):
        return value(piece)
    if not 0 <= piece.start <= piece.end <= len(data):
        raise PlanError("the plan does not fit the file", hint="make it again")
    return data[piece.start : piece.end]


class Brought(NamedTuple):
    """A file, what it holds, and what it shall hold."""

    path: Path
    before: Contents
    after: Contents


def bring(files: Sequence[Brought], mark: str, told: Callable[[str], None]) -> tuple[int, PlanError | None]:
    """Bring files to new contents so that at any moment each has the old or the new ones, whole and on the disk.

    What shall stand there is written beside all of them first, and waited for until it is on the disk, for many at a
    time; then they are moved into place one after the other, each only if it still holds what it held.

    Args:
        files: all different; folders above them are made.
        mark: tells this change from others: a file that a killed run left behind is found by it.
        told: called before each write and each move.

    Returns:
        How many were brought, in their order, and why not all of them. They are on the disk.
    """
    count, problem = 0, None
    try:
        for one in files:
            told(f"write {one.path.name}")
            _prepare(one, mark)
        told("sync")
        _sync([_beside(one.path, mark) for one in files if one.after.data is not None])
        for one in files:
            told(f"replace {one.path.name}")
            _move(one, mark)
            count += 1
    except PlanError as error:
        problem = error
    finally:
        for one in files[count:]:
            with contextlib.suppress(OSError):
                _beside(one.path, mark).unlink()
        told("sync folders")
        for folder in dict.fromkeys(one.path.parent for one in files[:count]):
            with _named(folder):
                sync_folder(folder)
    return count, problem


def _prepare(one: Brought, mark: str) -> None:
    if one.after.data is not None:
        with _named(one.path):
            if one.before.data is None:
                one.path.parent.mkdir(parents=True, exist_ok=True)
            _write(_beside(one.path, mark), one.after, one.path)


def _sync(files: Sequence[Path]) -> None:
    """Return when files are on the disk."""

    def sync(some: Sequence[Path]) -> None:
        for path in some:
            with _named(path), path.open("rb", buffering=0) as stream:
                os.fsync(stream.fileno())

    count = min(_THREADS, len(files))
    if count > 1:
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(sync, [files[first::count] for first in range(count)]))
    else:
        sync(files)


def _move(one: Brought, mark: str) -> None:
    if read(one.path).data != one.before.data:
        raise PlanError(f"{one.path} was changed just now", hint="make the plan again, or mend the file by hand")
    with _named(one.path):
        if one.after.data is None:
            one.path.unlink(missing_ok=True)
        else:
            _beside(one.path, mark).replace(one.path)


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PlanError(f"{path} cannot be written", hint=(error.strerror or "").lower()) from None


def _beside(path: Path, mark: str) -> Path:
    return path.with_name(f".{path.name}.{mark}.new")


def sweep(path: Path, mark: str) -> None:
    """Delete what a killed run may have left beside a file."""
    _beside(path, mark).unlink(missing_ok=True)


def _write(new: Path, contents: Contents, old: Path) -> None:
    """Write what shall stand in the place of a file, with its owner; nobody can open it before its mode is right."""
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor, not a path
        stream.write(contents.data or b"")
        stream.flush()
        owner = contents.owner
        if old.exists():
            before = old.stat()
            owner = (before.st_uid, before.st_gid)
            _like(new, old, narrowed=bool(before.st_mode & 0o7777 & ~contents.mode))
        now = os.fstat(descriptor)
        if owner is not None and owner != (now.st_uid, now.st_gid):
            os.chown(descriptor, *owner)
        os.fchmod(descriptor, contents.mode)


def _like(new: Path, old: Path, *, narrowed: bool) -> None:
    """Give a file what else another one has: flags, attributes, labels; the time of the change is now."""
    if not narrowed:
        shutil.copystat(old, new)
        os.utime(new)
    elif hasattr(os, "listxattr"):
        for name in os.listxattr(old):
            if name != _ACL:
                with contextlib.suppress(OSError):  # as copystat: not everybody may set each, nor every disk hold it
                    os.setxattr(new, name, os.getxattr(old, name))
