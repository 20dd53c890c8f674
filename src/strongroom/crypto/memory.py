"""What keeps values in memory from being written to the disk by the system."""

from __future__ import annotations

import resource
import sys
from functools import cache

_PR_SET_DUMPABLE = 4  # linux/prctl.h


@cache  # once is enough for the process
def guard() -> None:
    """Switch core dumps off for this process; call it before the first key or value is read.

    Programs that it starts inherit the limit on core files (the soft one, which they may raise again). On Linux other
    processes of the same user can no longer attach to this one either (prctl(2), ``PR_SET_DUMPABLE``), until an exec.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    if sys.platform == "linux":
        import ctypes

        # A core pattern that is a pipe ignores the limit, and reads this flag.
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
