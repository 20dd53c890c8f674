"""Files of a plan: found inside its folder, edited, replaced atomically."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from strongroom.errors import PlanError
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import ABSENT, Copied, Splice, Text
from strongroom.writing import sync_folder


class Contents(NamedTuple):
    """What a file holds now; None where there is no file. ``mode`` is its permission bits."""

    data: bytes | None
    mode: int = 0

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
    found = (root / parts).resolve()
    if not found.is_relative_to(root.resolve()) or found == root.resolve():
        raise outside
    return found


def read(path: Path) -> Contents:
    """Return what a file holds.

    Raises:
        PlanError: it is no regular file, or cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return Contents(stream.read(), os.fstat(stream.fileno()).st_mode & 0o7777)
    except FileNotFoundError:
        return Contents(None)
    except OSError as error:
        raise PlanError(f"{path} cannot be read", hint=(error.strerror or "").lower()) from None


def spliced(data: bytes, splices: tuple[Splice, ...]) -> bytes:
    """Return contents after a change.

    Raises:
        PlanError: a splice lies outside the contents.
    """
    out, at = [], 0
    for splice in splices:
        if not at <= splice.start <= splice.end <= len(data):
            raise PlanError("the plan does not fit the file", hint="make it again")
        out.append(data[at : splice.start])
        out += [piece.text.encode() if isinstance(piece, Text) else _copied(data, piece) for piece in splice.pieces]
        at = splice.end
    out.append(data[at:])
    return b"".join(out)


def _copied(data: bytes, piece: Copied) -> bytes:
    if not 0 <= piece.start <= piece.end <= len(data):
        raise PlanError("the plan does not fit the file", hint="make it again")
    return data[piece.start : piece.end]


def replace(path: Path, contents: Contents, mark: str) -> None:
    """Bring a file to some contents so that at any moment the old or the new ones are there, whole and on the disk.

    Args:
        path: of the file; folders above it are made.
        contents: what it shall hold; without data, the file is deleted.
        mark: tells this change from others: a file that a killed run left behind is found by it.

    Raises:
        PlanError: it cannot be written.
    """
    new = path.with_name(f".{path.name}.{mark}.new")
    try:
        if contents.data is None:
            path.unlink(missing_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(new, contents, path)
            new.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise PlanError(f"{path} cannot be written", hint=(error.strerror or "").lower()) from None
    finally:
        with contextlib.suppress(OSError):
            new.unlink()


def sweep(path: Path, mark: str) -> None:
    """Delete what a killed run may have left beside a file."""
    path.with_name(f".{path.name}.{mark}.new").unlink(missing_ok=True)


def _write(new: Path, contents: Contents, old: Path) -> None:
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor, not a path
        stream.write(contents.data or b"")
        stream.flush()
        if old.exists():
            shutil.copystat(old, new)
            os.utime(new)
            before = old.stat()
            if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                os.chown(new, before.st_uid, before.st_gid)
        new.chmod(contents.mode)
        os.fsync(stream.fileno())
