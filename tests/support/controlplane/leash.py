"""Become a program that dies with the process that started it: ``leash.py PARENT PROGRAM [ARGUMENT ...]``.

Run as a program of its own, because code between fork and exec is not safe in a process with threads, which every
worker of a parallel test run is. On Linux the kernel sends SIGKILL when the starting thread ends (``prctl(2)``,
``PR_SET_PDEATHSIG``; kept over ``execve(2)``); elsewhere nothing like it exists, and the program is merely run.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Tie this process to its parent, then run the program in its place."""
    parent, *command = arguments
    if sys.platform == "linux":
        if ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            sys.exit("leash: the kernel refused PR_SET_PDEATHSIG")
        # The parent may have ended before the request was made, and then no signal would ever come.
        if os.getppid() != int(parent):
            sys.exit("leash: the parent has ended")
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
