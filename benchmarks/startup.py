"""What ``strongroom --help`` costs beside an interpreter that does nothing."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.measure import Command, interleaved

_RUNS = 21


def run() -> str:
    """Measure; return the section of the page."""
    console_script = str(Path(sys.executable).with_name("strongroom"))
    figures = interleaved(
        [
            Command("python -c pass", (sys.executable, "-c", "pass")),
            Command("strongroom --help", (console_script, "--help")),
        ],
        _RUNS,
    )
    bare = figures["python -c pass"].wall
    rows = [f"| `{name}` | {f.wall * 1000:.1f} ms | {f.wall / bare:.1f} |" for name, f in figures.items()]
    return "\n".join(["## Start-up", "", "| command | wall | ratio |", "|---|---|---|", *rows])
