"""The contents of objects, one after the other, from one ``git cat-file``."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import IO, NamedTuple, Self

from strongroom.sources.git import Repository

_SKIP = 1 << 20
_RESTARTS = 1000
"""So many broken objects are read past; each costs a new process."""


class Version(NamedTuple):
    """The contents of one object.

    Attributes:
        number: as it was asked for.
        path: as it was asked for.
        size: in bytes; -1 where it could not be read.
        data: the contents; None where they could not be read or are larger than the limit.
    """

    number: int
    path: str
    size: int
    data: bytes | None


class _Asked(NamedTuple):
    id: bytes
    number: int
    path: str


class Objects:
    """Ask in one thread, read in another; used as a context.

    Args:
        repository: where they are.
        largest: objects of more bytes are not held.
    """

    def __init__(self, repository: Repository, largest: int) -> None:
        self._repository = repository
        self._largest = largest
        self._lock = threading.Condition()
        self._waiting: deque[_Asked] = deque()
        self._ended = False
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._closed = True
            self._lock.notify_all()

    def ask(self, id_: bytes, number: int, path: str) -> None:
        """Ask for an object."""
        with self._lock:
            self._waiting.append(_Asked(id_, number, path))
            self._lock.notify_all()

    def end(self) -> None:
        """Say that nothing more will be asked for."""
        with self._lock:
            self._ended = True
            self._lock.notify_all()

    def read(self) -> Iterator[Version]:
        """Yield what was asked for, in that order; what cannot be read comes without contents."""
        for _ in range(_RESTARTS):
            sent: deque[_Asked] = deque()
            with self._repository.start("cat-file", "--batch", "--buffer", stdin=subprocess.PIPE) as process:
                if process.stdin is None or process.stdout is None:
                    raise AssertionError("it was started with pipes")
                writer = threading.Thread(target=self._send, args=(process.stdin, sent), daemon=True)
                writer.start()
                yield from self._answers(process.stdout, sent)
            writer.join()
            if not sent:
                break
            broken = sent.popleft()  # where it stopped; what was sent behind it is sent again
            yield Version(broken.number, broken.path, -1, None)
            with self._lock:
                self._waiting.extendleft(reversed(sent))
        for one in self._waiting:
            yield Version(one.number, one.path, -1, None)

    def _send(self, stream: IO[bytes], sent: deque[_Asked]) -> None:
        with contextlib.suppress(OSError, ValueError):  # the process has ended; the reader sees it too
            while batch := self._next():
                sent.extend(batch)
                stream.write(b"".join(one.id + b"\n" for one in batch))
                stream.flush()
            stream.close()

    def _next(self) -> list[_Asked]:
        with self._lock:
            while not (self._waiting or self._ended or self._closed):
                self._lock.wait()
            batch = [] if self._closed else list(self._waiting)
            self._waiting.clear()
            return batch

    def _answers(self, stream: IO[bytes], sent: deque[_Asked]) -> Iterator[Version]:
        while head := stream.readline():
            words = head.split()
            asked = sent[0]
            if len(words) != 3 or not words[2].isdigit():
                sent.popleft()  # `ID missing`
                yield Version(asked.number, asked.path, -1, None)
                continue
            size = int(words[2])
            data = stream.read(size) if size <= self._largest else None
            whole = _skip(stream, size) if data is None else len(data) == size
            if not whole or stream.read(1) != b"\n":
                return
            sent.popleft()
            yield Version(asked.number, asked.path, size, data)


def _skip(stream: IO[bytes], size: int) -> bool:
    while size > 0:
        part = len(stream.read(min(size, _SKIP)))
        if not part:
            return False
        size -= part
    return True
