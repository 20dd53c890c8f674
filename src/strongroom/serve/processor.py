"""Where the threads of a long-running program run."""

from __future__ import annotations

import contextlib
import os
import sys


def stay_on_one() -> None:
    """Keep this process on one of the processors that it may use; call it before threads are made.

    Threads of the interpreter take its lock from each other, one at a time. On two processors each handing over is a
    message between them: a gRPC server with many short requests then answers half as many, for three times the work.
    Which processor is taken depends on the process, so that two such programs need not share one. Elsewhere than on
    Linux nothing is done.
    """
    if sys.platform == "linux":
        # A sandbox may forbid it; the plugin then runs all the same.
        with contextlib.suppress(OSError):
            allowed = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(0, {allowed[os.getpid() % len(allowed)]})
