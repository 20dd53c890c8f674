"""Core dumps of a process that holds values."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

_SHOW = """
import ctypes, resource, subprocess
from strongroom.crypto.memory import guard
guard()
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
subprocess.run(["sh", "-c", "ulimit -c"], check=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the flag is Linux's")
def test_no_core_is_dumped() -> None:
    """A guarded process has a limit of zero and is not dumpable; its children have the limit, and may raise it again."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    done = subprocess.run([sys.executable, "-u", "-c", _SHOW], capture_output=True, text=True, check=True)

    assert done.stdout == f"(0, {hard}) 0\n0\n"
