"""``strongroom scan`` beside the Kingfisher command line and gitleaks, on the same trees and histories in one run."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Command, Figure, interleaved
from benchmarks.scan_trees import HISTORIES, ROOT, TREES, described

_PEERS = ROOT / "build" / "peers" / "bin"
_RUNS = 5
_STAGED = 20
_HEAD = (
    "| what | size | strongroom | kingfisher | gitleaks | to kingfisher | to gitleaks | memory to kingfisher "
    "| processor to kingfisher | processor to gitleaks |"
)

_MANIFESTS = (
    "Where every file is a manifest, ours is slower: reading documents as Kubernetes does costs more than searching",
    "them, although a process of its own does it beside the threads. Of a small tree, most of the time is the start:",
    "the library reads its rules, from their cache, in a quarter to a third of a second.",
)
"""What the profile says of the rows that are slower than they should be."""


def run() -> str:
    """Measure; return the section of the page."""
    lines = [
        "## Leaks: trees and histories",
        "",
        "Whole processes, in turn after a warm-up, medians; all write JSON to a file, nothing is validated.",
        "Ours does more: it reads what is a document. Ratios are ours to the other's, so less than 1 is faster.",
        "",
        _HEAD,
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory(prefix="strongroom-bench-") as scratch:
        base = Path(scratch)
        for history, found in ((False, TREES), (True, HISTORIES)):
            for number, (name, make) in enumerate(found):
                folder = base / f"{'history' if history else 'tree'}{number}"
                if make(folder):
                    label = f"history of {name}" if history else name
                    figures = interleaved(_commands(folder, base, history=history), _RUNS)
                    lines.append(_row(label, described(folder), figures))
        lines += ["", *_MANIFESTS, "", *_staged(base)]
    return "\n".join(lines)


def _commands(folder: Path, scratch: Path, *, history: bool) -> list[Command]:
    target = str(folder)
    flags = ("--history",) if history else ()
    kingfisher = ("--no-validate", "--no-update-check", "-f", "json", "-o", str(scratch / "k.json"), "-q")
    found = (*kingfisher,) if history else (*kingfisher, "--git-history", "none")
    gitleaks = (
        "git" if history else "dir",
        target,
        "--no-banner",
        "-l",
        "error",
        "-f",
        "json",
        "-r",
        str(scratch / "g.json"),
    )
    return [
        Command(
            "strongroom",
            (sys.executable, "-m", "strongroom", "scan", *flags, target, "-q", "-o", str(scratch / "s.json")),
            (0, 1),
            scratch,
        ),
        Command("kingfisher", (str(_PEERS / "kingfisher"), "scan", target, *found), (0, 200), scratch),
        Command("gitleaks", (str(_PEERS / "gitleaks"), *gitleaks), (0, 1), scratch),
    ]


def _row(label: str, size: str, figures: dict[str, Figure]) -> str:
    ours, first, second = (figures[name] for name in ("strongroom", "kingfisher", "gitleaks"))
    shown = " | ".join(f"{f.wall:.2f} s, {f.memory:.0f} MiB" for f in (ours, first, second))
    return (
        f"| {label} | {size} | {shown} | {ours.wall / first.wall:.2f} | {ours.wall / second.wall:.2f} "
        f"| {ours.memory / first.memory:.2f} | {ours.processor / first.processor:.2f} "
        f"| {ours.processor / second.processor:.2f} |"
    )


def _staged(base: Path) -> list[str]:
    import subprocess

    folder, empty = base / "staged", base / "empty"
    folder.mkdir()
    empty.mkdir()
    (empty / "a.txt").write_text("nothing\n")
    subprocess.run(["git", "init", "-q", "."], cwd=folder, check=True)
    for number in range(_STAGED):
        (folder / f"{number}.yaml").write_text(
            f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{number}}}\ndata: {{level: info}}\n" * 20
        )
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    words = (sys.executable, "-m", "strongroom", "scan")
    figures = interleaved(
        [
            Command("staged", (*words, "--staged", "-q"), (0,), folder),
            Command("empty", (*words, ".", "-q"), (0,), empty),
        ],
        9,
    )
    staged, bare = figures["staged"].wall, figures["empty"].wall
    times = f"{staged:.2f} s, {staged / bare:.2f} times a scan of a folder with one line in it"
    return [f"`--staged` on a commit of {_STAGED} manifests: {times}."]
