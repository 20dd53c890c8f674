"""What keeps values in memory from being written to the disk by the system."""

from __future__ import annotations

import os
import resource
import sys
from functools import cache

_PR_SET_DUMPABLE = 4  # linux/prctl.h
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4  # asm-generic/mman.h
_CAP_IPC_LOCK = 14  # linux/capability.h


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


def lock() -> str:
    """Keep the memory of this process, now and later, from being written to a swap device (mlockall(2)).

    Nothing is locked where the system sets a limit that the process would meet later, in the middle of its work.

    Returns:
        Why the memory is not locked; empty where it is.
    """
    if sys.platform != "linux":
        return f"{sys.platform} has no way to do it for a whole process"
    unlimited = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY
    if not unlimited and not _may_lock():
        return "the limit of locked memory is too low for it (LimitMEMLOCK=infinity, or CAP_IPC_LOCK)"
    import ctypes

    # On fault: the stacks of threads are large, and hardly used.
    if ctypes.CDLL(None, use_errno=True).mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) != 0:
        return os.strerror(ctypes.get_errno()).lower()
    return ""


def _may_lock() -> bool:
    try:
        with open("/proc/self/status", encoding="ascii") as stream:  # noqa: PTH123 - no path of a user
            effective = next(line.split()[1] for line in stream if line.startswith("CapEff:"))
    except (OSError, StopIteration, ValueError):
        return False
    return bool(int(effective, 16) >> _CAP_IPC_LOCK & 1)
