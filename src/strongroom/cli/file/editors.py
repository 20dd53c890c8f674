"""An editor at the terminal: found, run, watched."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from strongroom.errors import UsageError

_EDITORS = ("vim", "nano", "vi")
_LOOK_SECONDS = 0.2
_END_SECONDS = 3.0


class Stopped(BaseException):
    """We are asked to end while an editor runs; no error, and nothing on the way may take it for one."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def editor() -> list[str]:
    """Return the command of the editor, found as sops finds it.

    Raises:
        UsageError: there is none.
    """
    for variable in ("SOPS_EDITOR", "EDITOR"):
        if text := os.environ.get(variable):
            try:
                words = shlex.split(text)
            except ValueError:
                words = []
            if not words:
                raise UsageError(f"{variable} is no command")
            return words
    for name in _EDITORS:
        if found := shutil.which(name):
            return [found]
    raise UsageError("there is no editor", hint="set EDITOR")


def run(words: Sequence[str], file: Path, lock: int | None = None, changed: Callable[[], None] = lambda: None) -> int:
    """Run an editor on a file to its end; return its exit code.

    Args:
        words: its command.
        file: what it edits.
        lock: an open file that it gets too, so that a lock on it holds for as long as the editor is there.
        changed: is called a moment after the file changed, while the editor runs.

    Raises:
        UsageError: it cannot be started.
        Stopped: we are asked to end; the editor is asked too, and given a moment.
    """
    seen = _version(file)
    with _signals():
        try:
            process = subprocess.Popen([*words, str(file)], pass_fds=[] if lock is None else [lock])
        except OSError as error:
            raise UsageError(f"editor {words[0]} cannot be started", hint=(error.strerror or "").lower()) from None
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return process.wait(_LOOK_SECONDS)
                now = _version(file)
                if now is not None and now != seen:
                    seen = now
                    changed()
        except Stopped:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_END_SECONDS)
            raise


def _version(file: Path) -> tuple[int, ...] | None:
    try:
        about = file.stat()
    except OSError:
        return None
    return about.st_ino, about.st_mtime_ns, about.st_size


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Leave what comes from the keyboard to the editor, and turn a request to end into `Stopped`."""

    def stop(number: int, _: Any) -> NoReturn:
        raise Stopped(number)

    handlers: dict[int, Any] = {
        signal.SIGINT: lambda *_: None,
        signal.SIGQUIT: lambda *_: None,
        signal.SIGTERM: stop,
        signal.SIGHUP: stop,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
