"""What is said about a key is true, and said at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.serve.kms_plugin.keys import MemoryKey
from tests.support.controlplane.access import eventually

from strongroom.errors import KeyUseError
from strongroom.keys.kek import Version
from strongroom.serve.kms_plugin.calls import Caller
from strongroom.serve.kms_plugin.health import Health, Intervals, look, reachable, watch


@contextmanager
def watched(key: MemoryKey, intervals: Intervals) -> Iterator[Health]:
    """The health of a key that is looked at in the background."""
    health, ended = Health(intervals), threading.Event()
    arguments = (health, lambda: key, Caller(2, 0), lambda _reason, _seconds: None, ended)
    thread = threading.Thread(target=watch, args=arguments)
    thread.start()
    try:
        yield health
    finally:
        ended.set()
        key.hold.set()
        health.doubt()
        thread.join()


def test_health_follows_the_key() -> None:
    """A key that is disabled makes the plugin unhealthy with its reason, and the version that is known stays named."""
    key = MemoryKey()
    with watched(key, Intervals(0.2, 2)) as health:
        assert health.status() == ("ok", "memory:1")

        key.refuses = "the key is disabled"
        eventually(lambda: health.status() == ("the key is disabled", "memory:1"), "it is unhealthy")

        key.refuses = ""
        added = key.rotate()
        eventually(lambda: health.status() == ("ok", added), "it is healthy, under the new version")


def test_a_defect_does_not_end_the_looks() -> None:
    """A look that fails in a way that nobody expected makes the plugin unhealthy, and the next look is made."""
    key = MemoryKey()
    with watched(key, Intervals(0.2, 2)) as health:
        health.status()
        key.defect = True
        eventually(lambda: health.reason() == "internal error ZeroDivisionError", "the defect is named by its kind")

        key.defect = False
        eventually(lambda: health.reason() == "", "it is looked at again")


def test_a_failed_request_causes_a_look() -> None:
    """Where a request has just failed, the key is looked at before its next turn in an hour."""
    key = MemoryKey()
    with watched(key, Intervals(3600, 2)) as health:
        health.status()
        key.refuses = "the key is disabled"
        health.doubt()

        eventually(lambda: health.reason() == "the key is disabled", "it was looked at")


def test_status_does_not_wait_for_a_holder_that_hangs() -> None:
    """Before the first look has ended, Status answers after a second that nothing is known yet."""
    key = MemoryKey()
    key.hold.clear()
    with watched(key, Intervals(10, 30)) as health:
        begin = time.monotonic()
        assert health.status() == ("its key was not looked at yet", "")
        assert time.monotonic() - begin < 20


def test_an_old_look_counts_no_more() -> None:
    """A good outcome that no further look has confirmed in time is no good outcome."""
    health = Health(Intervals(0.01, 0.01))
    health.saw(Version("v:1"), time.monotonic())
    health.looked("")
    assert health.status() == ("ok", "v:1")

    eventually(lambda: health.reason() != "", "it is too old", 10)
    assert "was last looked at" in health.status()[0]


def test_a_late_answer_does_not_bring_a_version_back() -> None:
    """A call that began before the key was rotated, and ends after it, does not make Status name the old version."""
    health = Health(Intervals())
    early = time.monotonic()
    health.saw(Version("v:1"), early)
    before_rotation = time.monotonic()
    health.saw(Version("v:2"), time.monotonic())
    health.saw(Version("v:1"), before_rotation)
    health.looked("")

    assert health.status() == ("ok", "v:2")

    health.saw(Version("v:1"), time.monotonic())
    assert health.status() == ("ok", "v:1")  # one that began later tells how it is


def test_a_key_that_does_not_give_back_is_found_out() -> None:
    """A key that decrypts into something else than was encrypted is refused."""
    key = MemoryKey()
    key.wrong = True

    with pytest.raises(KeyUseError, match="does not decrypt"):
        look(key, Caller(1, 0), 5)


def test_a_version_name_that_is_too_long_is_found_out() -> None:
    """A version whose id an API server would refuse is found before it asks."""
    with pytest.raises(KeyUseError, match="more than an API server takes"):
        look(MemoryKey("n" * 1030), Caller(1, 0), 5)


def test_a_reader_is_asked_how_it_is() -> None:
    """A key that only decrypts is well where it answers, and otherwise there is a reason."""
    key = MemoryKey()
    assert reachable(key, Caller(1, 0), 5) == ""

    key.refuses = "the key is disabled"
    assert reachable(key, Caller(1, 0), 5) == "the key is disabled"
