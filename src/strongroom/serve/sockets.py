"""A Unix socket that nobody else can use, take away or put in place beforehand."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from strongroom.errors import OutputError, UsageError

_LONGEST = 107
"""Bytes of a path that fit into ``sun_path`` with its final zero (unix(7))."""

_OTHERS_WRITE = 0o022
_PRIVATE = 0o600


def checked_path(text: str) -> Path:
    """Return the path of a socket; ``unix:///path``, as an EncryptionConfiguration has it, is one too.

    Raises:
        UsageError: it is abstract, relative or too long.
    """
    path = text.removeprefix("unix://") if text.startswith("unix:///") else text
    if path.startswith(("@", "unix:", "\0")):
        raise UsageError("an abstract socket has no permissions", hint="name a file: /run/strongroom/kms.sock")
    if not path.startswith("/") or not path.isprintable() or path.endswith("/"):
        raise UsageError("a socket is not given by its absolute path", hint="such as /run/strongroom/kms.sock")
    if set("%?#") & set(path):
        raise UsageError(
            "the path of a socket has a sign of URLs", hint="without % ? #: API servers are told it as one"
        )
    # The new socket is made beside its place, under a name that is a little longer.
    if len(os.fsencode(path)) + 12 > _LONGEST:
        raise UsageError(f"the path of a socket has at most {_LONGEST - 12} bytes")
    return Path(path)


class PrivateSocket:
    """A place for a socket: made beside it by a server, then moved there in one step, mode 0600.

    Args:
        path: where it shall stand.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.beside = path.with_name(f".{path.name}.{secrets.token_hex(3)}")
        """Where the server makes it."""
        self._identity: tuple[int, int] | None = None

    def prepare(self, *, replace: bool = False) -> None:
        """Check the place; its folder is made (0700) where only that is missing.

        Args:
            replace: take the place over from a program that listens there; its connections stay with it.

        Raises:
            UsageError: others could replace the socket, something else stands there, or a program listens on it.
            OutputError: the folder cannot be made.
        """
        folder = self.path.parent
        try:
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=0o700)
        except OSError as error:
            raise OutputError(f"folder {folder} cannot be made", hint=(error.strerror or "").lower()) from None
        _check_folder(folder)
        if not os.path.lexists(self.path):
            return
        if not stat.S_ISSOCK(self.path.lstat().st_mode):
            raise UsageError(f"{self.path} is there and is no socket", hint="nothing but a socket is replaced")
        if not replace and _answers(self.path):
            raise UsageError(f"a program listens on {self.path}", hint="end it first, or take its place with --replace")

    def publish(self) -> None:
        """Move the socket that the server made to its place.

        Raises:
            OutputError: that cannot be done.
        """
        try:
            self.beside.chmod(_PRIVATE)
            status = self.beside.lstat()
            with _alone(self.path.parent):
                self.beside.rename(self.path)
        except OSError as error:
            raise OutputError(f"socket {self.path} cannot be made", hint=(error.strerror or "").lower()) from None
        self._identity = status.st_dev, status.st_ino

    def withdraw(self) -> None:
        """Remove the socket, unless another program has put its own there since."""
        with contextlib.suppress(OSError), _alone(self.path.parent):
            status = self.path.lstat()
            if (status.st_dev, status.st_ino) == self._identity:
                self.path.unlink()
        with contextlib.suppress(OSError):
            self.beside.unlink()


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep a program that withdraws its socket from removing the one that its successor publishes at that moment."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _check_folder(folder: Path) -> None:
    """Refuse a folder in which another user could replace the socket; a sticky one above it (``/tmp``) is none.

    Raises:
        UsageError: it can be changed by others, or there is none.
    """
    try:
        real = folder.resolve(strict=True)
        if not real.is_dir():
            raise UsageError(f"{folder} is no folder", hint="name a socket in a folder")
        # On the way to it too: who owns a link, or may replace one, chooses where the socket is looked for.
        named = folder.absolute()
        for one in dict.fromkeys((real, *real.parents, named, *named.parents)):
            status = one.lstat()
            harmless = stat.S_ISLNK(status.st_mode) or (one != real and status.st_mode & stat.S_ISVTX)
            if (status.st_mode & _OTHERS_WRITE and not harmless) or status.st_uid not in (0, os.geteuid()):
                raise UsageError(
                    f"others may change {one}, and with it the socket",
                    hint="a folder of root or of this user, mode 0700",
                )
    except OSError as error:
        raise UsageError(f"folder {folder} cannot be used", hint=(error.strerror or "").lower()) from None


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as attempt:
        attempt.settimeout(1)
        try:
            attempt.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True  # it does something with connections, if only slowly
    return True
