"""How fast an API server is asked: faster while it answers as it does when it is idle, slower when it does not."""

from __future__ import annotations

import asyncio

from strongroom.kube.pace import Pace

IDLE = 0.004


def learned() -> Pace:
    """Return a pace that knows what an idle server takes."""
    pace = Pace()
    while not pace.idle:
        pace.learn(IDLE)
    return pace


def test_faster_while_it_is_quick() -> None:
    """While answers take no longer than at first, more requests are under way, up to the limit."""
    pace = learned()
    shares = []
    for _ in range(4000):
        pace.learn(IDLE * 1.2)
        shares.append(pace.share)
    assert shares == sorted(shares)
    assert pace.share == 8.0


def test_slower_when_others_wait() -> None:
    """Once answers take twice as long, the share shrinks, and never to nothing."""
    pace = learned()
    for _ in range(1000):
        pace.learn(IDLE)
    before = pace.share
    shares = []
    for _ in range(400):
        pace.learn(IDLE * 2)
        shares.append(pace.share)
    assert shares == sorted(shares, reverse=True)
    assert 0.5 <= pace.share < before / 2


def test_others_keep_it_busy() -> None:
    """A server that stays slow however little it is asked is slow for others' reasons, and is not waited for for ever."""
    pace = learned()
    for _ in range(4000):
        pace.learn(IDLE * 5)
    assert pace.idle > IDLE * 3
    assert pace.share >= 0.5


def test_halved_when_it_is_refused() -> None:
    """An answer that says that it is too much halves the share at once."""
    pace = learned()
    before = pace.share
    pace.learn(0.001, busy=True)
    assert pace.share == before / 2


def test_settles_below_overload() -> None:
    """Where each request that is under way makes all of them slower, it settles where they take less than twice as long."""
    pace = learned()
    taken = []
    for _ in range(20_000):
        taken.append(IDLE * (1 + pace.share / 4))
        pace.learn(taken[-1])
    settled = taken[-5000:]
    assert max(settled) < 2 * IDLE
    assert sum(settled) / len(settled) > 1.3 * IDLE


def test_never_more_than_its_share() -> None:
    """So many requests are under way at most as the share says, rounded up."""
    most = 0

    async def asked() -> None:
        nonlocal most
        pace = Pace()
        under_way = 0

        async def one() -> None:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.001)
            under_way -= 1
            await pace.done()

        async with asyncio.TaskGroup() as group:
            for _ in range(30):
                await pace.turn()
                group.create_task(one())

    asyncio.run(asked())
    assert most == 1
