"""Threads that wait for a network or a device in place of their caller, so that a deadline holds whatever hangs.

A name server, a library of a device, or a server that sends a byte at a time may keep a call for as long as they like;
the caller is told at its deadline, and the thread is lost only until the call ends by itself. The threads are daemons:
none keeps the process from ending.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

from strongroom.errors import KeyUnreachableError
from strongroom.keys.kek import seconds_left

T = TypeVar("T")

MOST = 8
"""Calls to one key at a time; further ones wait, and their deadline does not."""

_Work = tuple["Future[Any]", Callable[[], Any]] | None


class Workers:
    """Threads for one key, started when they are needed.

    Args:
        what: who is asked, for errors: ``Vault at https://vault:8200``.
        most: threads at a time.
    """

    def __init__(self, what: str, most: int = MOST) -> None:
        self._what = what
        self._most = most
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._queue: SimpleQueue[_Work] = SimpleQueue()
        self._threads = 0
        self._idle = 0

    def run(self, act: Callable[[], T], deadline: float) -> T:
        """Return what a call returns, or raise what it raises.

        Raises:
            KeyUnreachableError: it did not end before the deadline.
        """
        future: Future[T] = Future()
        left = seconds_left(deadline, self._what)
        self._hand_over(future, act)
        try:
            return future.result(left)
        except TimeoutError:
            future.cancel()  # where it still waits for a thread, it is not begun any more
            raise KeyUnreachableError(f"{self._what} did not answer in time") from None

    def _hand_over(self, future: Future[Any], act: Callable[[], Any]) -> None:
        with self._lock:
            if self._process != os.getpid():  # threads do not come along into a fork
                self._begin()
            if self._idle > 0:
                self._idle -= 1
            elif self._threads < self._most:
                self._threads += 1
                threading.Thread(target=self._work, args=(self._queue,), name="key", daemon=True).start()
            self._queue.put((future, act))

    def _work(self, queue: SimpleQueue[_Work]) -> None:
        while (work := queue.get()) is not None:
            _do(*work)
            del work  # what it holds must not stay until the next call
            with self._lock:
                self._idle += 1

    def close(self) -> None:
        """Let the threads end, each after the call that it is in."""
        with self._lock:
            for _ in range(self._threads):
                self._queue.put(None)
            self._threads = self._idle = 0


def _do(future: Future[Any], act: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = act()
    except BaseException as error:  # noqa: BLE001 - it is raised where the call was asked for
        future.set_exception(error)
    else:
        future.set_result(result)
