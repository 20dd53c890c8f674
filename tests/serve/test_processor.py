"""Where threads run."""

from __future__ import annotations

import subprocess
import sys

import pytest

_SHOW = """
import os, threading
from strongroom.serve.processor import stay_on_one
before = os.sched_getaffinity(0)
stay_on_one()
seen = []
thread = threading.Thread(target=lambda: seen.append(os.sched_getaffinity(0)))
thread.start()
thread.join()
print(len(seen[0]), seen[0] <= before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the call is Linux's")
def test_threads_share_one_processor() -> None:
    """A thread that is made later runs on one processor, of those that the process was given."""
    done = subprocess.run([sys.executable, "-c", _SHOW], capture_output=True, text=True, check=True)

    assert done.stdout == "1 True\n"
