"""Calls to keys: turns, deadlines, repetitions."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.serve.kms_plugin.keys import MemoryKey
from tests.support.controlplane.access import eventually

from strongroom.errors import KeyUnreachableError, KeyUseError
from strongroom.serve.kms_plugin.calls import Caller, OverloadedError


def soon(seconds: float = 5.0) -> float:
    """A deadline."""
    return time.monotonic() + seconds


def test_a_holder_that_was_not_reached_is_asked_again() -> None:
    """Two calls that do not reach the holder are repeated within the deadline, and counted."""
    key, retried = MemoryKey(), []
    key.unreachable = 2

    version = Caller(1, 0, lambda: retried.append(1)).patiently(key, key.current, soon())

    assert version.id == "memory:1"
    assert len(retried) == 2


def test_a_refusal_is_not_repeated() -> None:
    """A key that refuses is asked once."""
    key = MemoryKey()
    key.refuses = "the key is disabled"

    with pytest.raises(KeyUseError, match="disabled"):
        Caller(1, 0).patiently(key, key.current, soon())
    assert key.calls == 1


def test_the_deadline_ends_repetition() -> None:
    """A holder that is never reached is given up before the deadline."""
    key = MemoryKey()
    key.unreachable = 10**6
    deadline = soon(0.5)

    with pytest.raises(KeyUnreachableError):
        Caller(1, 0).patiently(key, key.current, deadline)
    assert time.monotonic() <= deadline + 0.5
    assert 1 < key.calls < 20


def test_a_first_attempt_leaves_time_for_a_second() -> None:
    """An attempt that hangs ends halfway, and the next one succeeds."""
    key = MemoryKey()
    key.hold.clear()
    threading.Timer(1.2, key.hold.set).start()

    Caller(1, 0).patiently(key, key.current, soon(20 * 2))  # half of it is 20 s: released long before
    key.hold.clear()
    threading.Timer(1.2, key.hold.set).start()
    version = Caller(1, 0).patiently(key, key.current, soon(4))  # the first attempt ends after 2 s at the latest

    assert version.id == "memory:1"


def test_more_than_may_wait_are_refused() -> None:
    """With one turn and one place in the queue, a third call is refused at once; the others are answered."""
    key, caller = MemoryKey(), Caller(1, 1)
    key.hold.clear()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(caller.patiently, key, key.current, soon(30))
        eventually(lambda: key.inside == 1, "the first has its turn")
        second = pool.submit(caller.patiently, key, key.current, soon(30))
        eventually(lambda: _refused(caller, key), "the third is refused")
        assert key.inside == 1
        key.hold.set()

        assert first.result(30) == second.result(30)


def _refused(caller: Caller, key: MemoryKey) -> bool:
    try:
        caller.patiently(key, key.current, soon(0.01))
    except OverloadedError:
        return True
    except KeyUnreachableError:  # the second had not come to its place yet, so that this one waited in it
        return False
    return False


def test_a_call_without_a_turn_in_time_is_unreachable() -> None:
    """A call that waits for its turn until its deadline ends there."""
    key, caller = MemoryKey(), Caller(1, 1)
    key.hold.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(caller.patiently, key, key.current, soon(30))
        eventually(lambda: key.inside == 1, "the first has its turn")
        with pytest.raises(KeyUnreachableError, match="no turn"):
            caller.patiently(key, key.current, soon(0.1))
        key.hold.set()
        first.result(30)


def test_a_local_key_needs_no_turn() -> None:
    """A key in the process is called at once, however many calls wait for remote ones."""
    remote, local, caller = MemoryKey(), MemoryKey("local", remote=False), Caller(1, 0)
    remote.hold.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(caller.patiently, remote, remote.current, soon(30))
        eventually(lambda: remote.inside == 1, "the turn is taken")

        assert caller.patiently(local, local.current, soon()).id == "local:1"
        remote.hold.set()
        first.result(30)
