"""Folders for values that must be a file for a while: in memory, for their owner alone, wiped at the end."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from strongroom.errors import OutputError, UsageError

PREFIX = "strongroom-"
SHARED = "/dev/shm"  # noqa: S108 - folders in it are made by mkdtemp
_IN_MEMORY = frozenset({"tmpfs", "ramfs"})
_MOUNTS = Path("/proc/self/mountinfo")
_BLOCK = 1 << 20


def in_memory(folder: Path, mounts: str) -> bool:
    """Tell whether a folder is kept in memory.

    Args:
        folder: an existing folder.
        mounts: the text of ``/proc/self/mountinfo`` (proc_pid_mountinfo(5)): the third field is the device, the one
            behind ``-`` the type.
    """
    device = folder.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        if fields.split(" ")[2:3] == [wanted]:
            return rest.split(" ")[0] in _IN_MEMORY
    return False


def make(environment: Mapping[str, str], *, allow_disk: bool = False, shared: str = SHARED) -> Path:
    """Make a folder (0700) in memory-backed storage: ``XDG_RUNTIME_DIR``, ``/dev/shm`` or a ``TMPDIR`` that is a tmpfs.

    Args:
        environment: of the process.
        allow_disk: take the folder for temporary files where there is none.
        shared: the folder that Linux keeps in memory.

    Raises:
        UsageError: there is none, and the disk is not allowed.
        OutputError: the folder cannot be made.
    """
    temporary = environment.get("TMPDIR", "") or tempfile.gettempdir()
    places = [environment.get("XDG_RUNTIME_DIR", ""), shared, temporary]
    try:
        mounts = _MOUNTS.read_text("utf-8", "surrogateescape")
    except OSError:
        mounts = ""
    for place in places:
        if place.startswith("/") and os.access(place, os.W_OK | os.X_OK) and in_memory(Path(place), mounts):
            with contextlib.suppress(OSError):
                return Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
    if not allow_disk:
        raise UsageError(
            "there is no memory-backed folder for the decrypted text",
            hint="set XDG_RUNTIME_DIR to a tmpfs, or let it go to the disk with --allow-disk",
        )
    try:
        return Path(tempfile.mkdtemp(prefix=PREFIX, dir=temporary))
    except OSError as error:
        raise OutputError(f"no folder can be made in {temporary}", hint=(error.strerror or "").lower()) from None


@contextlib.contextmanager
def folder(environment: Mapping[str, str], *, allow_disk: bool = False) -> Iterator[Path]:
    """Yield a folder as `make` makes it, and wipe it at the end.

    Raises:
        UsageError: there is no place in memory.
        OutputError: the folder cannot be made.
    """
    made = make(environment, allow_disk=allow_disk)
    try:
        yield made
    finally:
        wipe(made)


def write(file: Path, data: bytes) -> None:
    """Write a new file for its owner alone; under its name it is there whole, or not at all.

    Raises:
        OutputError: something is there, or it cannot be written; what was written is wiped.
    """
    new = file.with_name(f".new-{file.name}")
    try:
        if os.path.lexists(file):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritten(file, error) from None
    try:
        with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor, not a path
            stream.write(data)
        new.rename(file)
    except OSError as error:
        _wipe_file(new)
        raise _unwritten(file, error) from None


def _unwritten(file: Path, error: OSError) -> OutputError:
    return OutputError(f"{file} cannot be written", hint=(error.strerror or "").lower())


def wipe(made: Path) -> None:
    """Overwrite and remove every file of a folder, with what an editor left beside, and the folder."""
    for place, _, names in os.walk(made):
        for name in names:
            _wipe_file(Path(place, name))
    shutil.rmtree(made, ignore_errors=True)


def _wipe_file(file: Path) -> None:
    """Overwrite a file before it is removed: where it was on a disk after all, its blocks do not keep it."""
    with contextlib.suppress(OSError):
        found = file.lstat()
        if stat.S_ISREG(found.st_mode):
            with file.open("r+b") as stream:
                for start in range(0, found.st_size, _BLOCK):
                    stream.write(bytes(min(_BLOCK, found.st_size - start)))
                stream.flush()
                os.fsync(stream.fileno())
    with contextlib.suppress(OSError):
        file.unlink()
