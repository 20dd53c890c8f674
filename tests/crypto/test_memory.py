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


_LOCKED = """
import resource
from pathlib import Path
from strongroom.crypto.memory import lock
why = lock()
(line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmLck:"))
print(int(line.split()[1]) > 0, why)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the call is Linux's")
def test_memory_is_locked_or_the_reason_is_told() -> None:
    """Either memory is locked, by the kernel's own account, or there is a reason why it is not."""
    done = subprocess.run([sys.executable, "-c", _LOCKED], capture_output=True, text=True, check=True)
    locked, _, why = done.stdout.strip().partition(" ")

    assert (locked == "True") is (why == "")


_LIMITED = """
import resource
from strongroom.crypto import memory
resource.setrlimit(resource.RLIMIT_MEMLOCK, (1 << 20, 1 << 20))
import os
if os.geteuid() == 0:
    import ctypes
    # Without the capability, as any other user.
    header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    ctypes.CDLL(None).capset(header, data)
print(memory.lock())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the call is Linux's")
def test_a_limit_is_met_at_once_or_never() -> None:
    """With a limit that the process would meet later, nothing is locked, and the reason names what to change."""
    done = subprocess.run([sys.executable, "-c", _LIMITED], capture_output=True, text=True, check=True)

    assert "LimitMEMLOCK=infinity" in done.stdout
