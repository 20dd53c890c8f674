"""Threads that wait in place of their caller."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.keys.kek.cases import soon

from strongroom.errors import KeyUnreachableError, KeyUseError
from strongroom.keys.kek.workers import Workers

ROOT = Path(__file__).parents[3]


def test_a_result_and_an_error_come_back() -> None:
    """What a call returns or raises is what its caller gets."""
    workers = Workers("somebody")
    assert workers.run(lambda: 5, soon()) == 5

    def refuse() -> None:
        raise KeyUseError("no")

    with pytest.raises(KeyUseError, match="no"):
        workers.run(refuse, soon())


def test_a_call_that_hangs_is_left_at_the_deadline() -> None:
    """The caller of a call that does not end is told so, and so is everybody behind it; the last is never begun."""
    workers, go, begun = Workers("somebody", most=1), threading.Event(), threading.Event()
    for act in (go.wait, begun.set):
        with pytest.raises(KeyUnreachableError, match="somebody did not answer in time"):
            workers.run(act, soon(0.2))
    go.set()
    assert workers.run(lambda: "again", soon()) == "again"
    assert not begun.is_set()


def test_calls_run_side_by_side_up_to_a_bound() -> None:
    """As many calls as allowed are in at once, and not one more."""
    workers, barrier = Workers("somebody", most=3), threading.Barrier(3)
    inside, most, lock = [0], [0], threading.Lock()

    def act() -> None:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        barrier.wait(20)
        with lock:
            inside[0] -= 1

    with ThreadPoolExecutor(9) as threads:
        for call in [threads.submit(workers.run, act, soon()) for _ in range(9)]:
            call.result(20)
    assert most[0] == 3


def test_one_thread_alone_calls_where_one_is_allowed() -> None:
    """A library that knows no threads is called by one."""
    workers = Workers("a library", most=1)
    with ThreadPoolExecutor(8) as threads:
        names = set(threads.map(lambda _: workers.run(threading.get_ident, soon()), range(50)))
    assert len(names) == 1


def test_a_process_ends_although_a_call_hangs() -> None:
    """A thread that waits for ever does not keep the program from ending."""
    text = (
        "import threading, time\nfrom strongroom.keys.kek.workers import Workers\nworkers = Workers('x')\n"
        "try:\n    workers.run(threading.Event().wait, time.monotonic() + 0.1)\nexcept Exception as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "x did not answer in time\n"


def test_a_fork_has_threads_of_its_own() -> None:
    """Threads do not come along into a child, which starts its own."""
    text = (
        "import os, time\nfrom strongroom.keys.kek.workers import Workers\nworkers = Workers('x')\n"
        "workers.run(os.getpid, time.monotonic() + 20)\nchild = os.fork()\n"
        "if not child:\n    os._exit(0 if workers.run(os.getpid, time.monotonic() + 20) == os.getpid() else 1)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    words = [sys.executable, "-W", "ignore", "-c", text]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "0\n"


def test_what_a_call_held_is_let_go() -> None:
    """A thread that waits for work keeps nothing of the work before, which may have held a value."""

    class Value:
        """Something that can be watched."""

    workers, value = Workers("somebody"), Value()
    watched = weakref.ref(value)
    assert workers.run(lambda kept=value: kept is not None, soon())  # type: ignore[misc]
    del value
    end = soon()
    while watched() is not None and time.monotonic() < end:
        gc.collect()
    assert watched() is None


def test_closed_threads_end() -> None:
    """After closing, no thread of it is left."""
    workers = Workers("somebody", most=2)
    thread = workers.run(threading.current_thread, soon())
    workers.close()
    thread.join(20)
    assert not thread.is_alive()
