"""Calls to keys: bounded in number and in time, and repeated where the holder could not be reached."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from strongroom.errors import KeyUnreachableError
from strongroom.keys.kek import KeyEncryptionKey

_T = TypeVar("_T")

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
_LEAST_ATTEMPT = 1.0


class OverloadedError(Exception):
    """More calls wait than may; never leaves this room."""


class Caller:
    """Makes calls to keys, from many threads; those to remote keys wait for their turn.

    Args:
        concurrency: how many calls may be with a remote key at once.
        queue: how many more may wait for their turn.
        retried: is told of each repetition.
    """

    def __init__(self, concurrency: int, queue: int, retried: Callable[[], None] = lambda: None) -> None:
        self._turns = threading.Semaphore(concurrency)
        self._places = threading.Semaphore(concurrency + queue)
        self._retried = retried

    def patiently(self, key: KeyEncryptionKey, act: Callable[[float], _T], deadline: float) -> _T:
        """Call a key until it answers or time is up; only a holder that was not reached is asked again.

        Args:
            key: whom ``act`` asks.
            act: takes a deadline of its own.
            deadline: of ``time.monotonic()``.

        Raises:
            OverloadedError: too many calls wait.
            KeyUnreachableError: its holder was not reached in time.
            KeyUseError: it refuses.
            TamperedError: likewise.
        """
        if not key.remote:
            return act(deadline)
        if not self._places.acquire(blocking=False):
            raise OverloadedError
        try:
            return self._in_turn(act, deadline)
        finally:
            self._places.release()

    def _in_turn(self, act: Callable[[float], _T], deadline: float) -> _T:
        if not self._turns.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise KeyUnreachableError("there was no turn in time", hint="the key answers too slowly")
        try:
            return self._repeatedly(act, deadline)
        finally:
            self._turns.release()

    def _repeatedly(self, act: Callable[[float], _T], deadline: float) -> _T:
        pause = _FIRST_PAUSE
        while True:
            now = time.monotonic()
            # The first attempt leaves time for a second one: a connection that died silently is the usual case.
            attempt = min(deadline, now + max(_LEAST_ATTEMPT, (deadline - now) / 2))
            try:
                return act(attempt)
            except KeyUnreachableError:
                wait = pause * random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, guards nothing
                if time.monotonic() + wait + _FIRST_PAUSE >= deadline:
                    raise
            self._retried()
            time.sleep(wait)
            pause = min(pause * 2, _LONGEST_PAUSE)
