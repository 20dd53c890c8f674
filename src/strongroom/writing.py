"""Write a file so that at any moment the old or the new contents are there, whole."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from strongroom.errors import OutputError


def replace_file(
    path: Path, pieces: Iterable[str | bytes], *, mode: int | None = None, what: str = "", durable: bool = True
) -> None:
    """Write a file in one move; what stood there before is kept where that fails.

    A link is followed, and a device or a pipe is written into: ``/dev/null`` stays what it is.

    Args:
        path: the file.
        pieces: the contents; text is written as UTF-8.
        mode: permission bits; by default those of the file before, else those that the umask leaves of 0666.
        what: what the file is to people, for the error: ``baseline``.
        durable: return when it is on the disk; without, a loss of power may take it back.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file():
            with target.open("wb") as stream:
                stream.writelines(map(_bytes, pieces))
        else:
            _replace(target, pieces, mode, durable=durable)
    except OSError as error:
        name = f"{what} {path}".lstrip()
        raise OutputError(f"{name} cannot be written", hint=(error.strerror or "").lower()) from None


def _replace(target: Path, pieces: Iterable[str | bytes], mode: int | None, *, durable: bool) -> None:
    new = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666 if mode is None else 0o600)
        with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor, not a path
            if mode is not None or target.exists():
                os.fchmod(stream.fileno(), target.stat().st_mode & 0o7777 if mode is None else mode)
            stream.writelines(map(_bytes, pieces))
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        new.replace(target)
        if durable:
            sync_folder(target.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink()
        raise


def sync_folder(folder: Path) -> None:
    """Return when the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _bytes(piece: str | bytes) -> bytes:
    return piece.encode() if isinstance(piece, str) else piece
