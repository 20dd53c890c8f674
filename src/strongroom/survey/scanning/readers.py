"""Processes that read documents for the threads of a scan.

Searching releases the interpreter's lock, reading a document holds it: threads that do both wait for each other. Each
process here is a copy of this one (fork), with the rules loaded, and answers one question after the other through two
pipes. A question is a file's contents; an answer holds fingerprints and places, never a value.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import struct
import sys
import warnings
from collections.abc import Callable
from typing import BinaryIO, NamedTuple, TypeAlias

import msgspec

from strongroom.survey.scanning.hit import Hit

_ENDING = (signal.SIGINT, signal.SIGTERM)
_HEAD = struct.Struct("=QQ?")
_LENGTH = struct.Struct("=Q")


class Answer(msgspec.Struct, array_like=True):
    """What reading one file gave.

    Attributes:
        hits: what was found; their origins are those of a file without source and path.
        unread: line, column and reason of each document that could not be read.
    """

    hits: list[Hit]
    unread: list[tuple[int, int, str]]


Read: TypeAlias = Callable[[str, bytes, bool], Answer]
"""Reads a file of this path with these contents; for everything in it, or for secrets alone."""


class ReaderEndedError(Exception):
    """The process that read a file is no more."""


class _Reader(NamedTuple):
    pid: int
    questions: BinaryIO
    answers: BinaryIO


class Readers:
    """The processes; used by as many threads as like. Made while no other thread runs.

    Args:
        read: what each of them does; what it raises is left to whoever asked.
        count: how many.
    """

    def __init__(self, read: Read, count: int) -> None:
        self._readers: list[_Reader] = []
        self._idle: queue.SimpleQueue[_Reader | None] = queue.SimpleQueue()
        self._decoder = msgspec.msgpack.Decoder(Answer)
        try:
            for _ in range(count):
                reader = _started(read, self._readers)
                self._readers.append(reader)
                self._idle.put(reader)
        except OSError:
            self._idle.put(None)  # no more processes are to be had: who asks reads alone

    @property
    def pids(self) -> tuple[int, ...]:
        """The ids of the processes."""
        return tuple(reader.pid for reader in self._readers)

    def ask(self, path: str, data: bytes, *, everything: bool) -> Answer | None:
        """Return what a file holds; None where it is better read here.

        Args:
            path: the file's path.
            data: its contents.
            everything: what is no secret is asked for, too.

        Raises:
            ReaderEndedError: the process ended over it.
        """
        reader = self._idle.get()
        if reader is None:
            self._idle.put(None)  # for the next one, too
            return None
        name = path.encode("utf-8", "surrogatepass")
        try:
            reader.questions.write(_HEAD.pack(len(name), len(data), everything) + name)
            reader.questions.write(data)
            reader.questions.flush()
        except OSError:  # it ended since it was last asked, so not over this file
            self._idle.put(None)
            return None
        answer = _received(reader.answers)
        if answer is None:
            self._idle.put(None)
            raise ReaderEndedError
        self._idle.put(reader)
        try:
            return self._decoder.decode(answer) if answer else None
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    def close(self) -> None:
        """End the processes; no thread asks any more."""
        for reader in self._readers:
            for pipe in (reader.questions, reader.answers):
                with contextlib.suppress(OSError):
                    pipe.close()
        for reader in self._readers:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(reader.pid, 0)
        self._readers.clear()


def readers_here(count: int) -> int:
    """Return how many of ``count`` processes are to be had: none where a process is not simply copied."""
    return count if sys.platform == "linux" else 0


def _started(read: Read, others: list[_Reader]) -> _Reader:
    ours, theirs = os.pipe(), os.pipe()
    # A signal that comes before the copy has handlers of its own waits until it has.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        with warnings.catch_warnings():
            # What shows progress may have a thread of its own; the copy prints nothing, and takes no lock of it.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            _child(read, others, (theirs[0], ours[1]), (ours[0], theirs[1]))
    except OSError:
        for descriptor in (*ours, *theirs):
            os.close(descriptor)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    os.close(theirs[0])
    os.close(ours[1])
    return _Reader(pid, os.fdopen(theirs[1], "wb"), os.fdopen(ours[0], "rb"))


def _child(read: Read, others: list[_Reader], own: tuple[int, int], parents: tuple[int, int]) -> None:
    """Answer until the other side is closed; never returns."""
    code = 1
    try:
        for number in _ENDING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        # Held open here, the ends of the others would keep them waiting after their owner's death.
        for descriptor in (*parents, *(pipe.fileno() for one in others for pipe in (one.questions, one.answers))):
            os.close(descriptor)
        import gc

        gc.freeze()  # what was copied is not gone through again and again, and stays shared
        with os.fdopen(own[0], "rb") as questions, os.fdopen(own[1], "wb") as answers:
            _serve(read, questions, answers)
        code = 0
    except OSError:
        code = 0  # the other side is gone
    finally:
        os._exit(code)


def _serve(read: Read, questions: BinaryIO, answers: BinaryIO) -> None:
    while len(head := questions.read(_HEAD.size)) == _HEAD.size:
        name, size, everything = _HEAD.unpack(head)
        path = questions.read(name).decode("utf-8", "surrogatepass")
        answer = _answer(read, path, questions.read(size), everything=everything)
        answers.write(_LENGTH.pack(len(answer)))
        answers.write(answer)
        answers.flush()


def _answer(read: Read, path: str, data: bytes, *, everything: bool) -> bytes:
    """Return an answer; nothing where there was an error: whoever asked meets it again, and can say it."""
    try:
        return msgspec.msgpack.encode(read(path, data, everything))
    except Exception:  # noqa: BLE001 - it may hold a value, which is not to travel
        return b""


def _received(answers: BinaryIO) -> bytes | None:
    try:
        head = answers.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            return None
        (size,) = _LENGTH.unpack(head)
        answer = answers.read(size)
    except OSError:
        return None
    return answer if len(answer) == size else None
