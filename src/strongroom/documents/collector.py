"""The cyclic garbage collector, out of the way while a parser builds a large tree."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """Hold the collector for the time of one parse.

    A parser makes no cycles, but every few hundred containers that it builds start a search for some; on a dump of 90
    MB that is more than half of the time. Where two threads parse at once, the collector may come back early, never
    late.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
