"""How fast to ask an API server: as fast as it can without keeping others waiting.

Additive increase, multiplicative decrease (Chiu and Jain 1989, as in RFC 5681 section 3.1), steered by the time that
answers take. How long they take while nothing else is asked for is measured first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

_LEARNED = 40
_LOOKED_AT = 40
_MOST, _LEAST = 8.0, 0.5
_STEP = 0.25
_FEWER, _MANY_FEWER = 0.75, 0.5
_SLOWER = 1.6
_DRIFT = 1.1


class Pace:
    """When the next request may be sent.

    The first requests go one after another, with pauses: what they take is what an idle server takes. From then on
    ``share``, the number of requests that are under way on average, grows while the slow ones among the answers take
    less than 1.6 times as long as the slow ones did at first, and shrinks otherwise.

    Args:
        clock: seconds, for tests.
        most: the most requests at once.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: float = _MOST) -> None:
        self.share = 0.5
        self.idle = 0.0
        self._clock, self._most = clock, most
        self._under_way = 0
        self._next = 0.0
        self._usual = 0.0
        self._taken: list[float] = []
        self._free = asyncio.Condition()

    async def turn(self) -> None:
        """Wait until one more request may be sent; `done` has to be called when it was answered."""
        async with self._free:
            await self._free.wait_for(lambda: self._under_way < max(1, round(self.share + 0.5)))
            self._under_way += 1
        wait = self._next - self._clock()
        # What an answer takes, divided by the share, is the time from one request to the next.
        self._next = max(self._next, self._clock()) + self._usual / self.share
        if wait > 0:
            await asyncio.sleep(wait)

    async def done(self) -> None:
        """Say that what the turn was taken for is over."""
        async with self._free:
            self._under_way -= 1
            self._free.notify_all()

    def learn(self, seconds: float, *, busy: bool = False) -> None:
        """Take one answer into account.

        Args:
            seconds: how long it took.
            busy: whether the server said that it is asked too much, or did not answer in time.
        """
        if busy:
            self.share = max(_LEAST, self.share * _MANY_FEWER)
            self._taken.clear()
            return
        self._usual = seconds if not self._usual else self._usual + (seconds - self._usual) / 16
        self._taken.append(seconds)
        if not self.idle:
            if len(self._taken) >= _LEARNED:
                self.idle, self.share = _slow(self._taken), 1.0
                self._taken.clear()
        elif len(self._taken) >= _LOOKED_AT:
            slow = _slow(self._taken)
            if slow <= _SLOWER * self.idle:
                self.share = min(self._most, self.share + _STEP)
            elif self.share == _LEAST:
                # Others keep it busy: what it takes now is what it takes without these requests.
                self.idle = min(slow, self.idle * _DRIFT)
            else:
                self.share = max(_LEAST, self.share * _FEWER)
            self._taken.clear()


def _slow(taken: list[float]) -> float:
    """Return what nine of ten answers took at most; the slowest few of so few say nothing yet."""
    return sorted(taken)[len(taken) * 9 // 10]
