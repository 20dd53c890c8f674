"""The readers of what is encrypted in Git, under a fuzzer that follows their branches."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_SECONDS = 120
_SLOWEST = 20
_MOST_MEGABYTES = 2048


@pytest.mark.verify
@pytest.mark.parametrize("reader", ["sops", "sealed"])
def test_nothing_crashes_hangs_or_opens_to_something_else(tmp_path: Path, reader: str) -> None:
    """For as long as the fuzzer runs, a reader refuses its input or reads it, soon and within its memory."""
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    bounds = (f"-max_total_time={_SECONDS}", f"-timeout={_SLOWEST}", f"-rss_limit_mb={_MOST_MEGABYTES}")
    done = subprocess.run(
        [sys.executable, "-m", f"tests.fuzz.{reader}", str(seeds), *bounds, f"-artifact_prefix={tmp_path}/"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
