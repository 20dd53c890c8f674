"""``strongroom scan`` with and without ten thousand known values, beside the kingfisher command line, on one tree."""

from __future__ import annotations

import base64
import json
import random
import shutil
import string
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Command, Figure, interleaved
from benchmarks.trees import ROOT

VALUES = 10_000
_LARGEST = 40_000_000
_MODULES = Path.home() / "go" / "pkg" / "mod" / "k8s.io"
_KINGFISHER = ROOT / "build" / "peers" / "bin" / "kingfisher"
_TURNS = 3


def tree(folder: Path) -> int:
    """Copy Go modules of Kubernetes until there are 40 MB; return how many bytes there are."""
    size = 0
    for module in sorted(_MODULES.iterdir()):
        for file in sorted(module.rglob("*")):
            if file.is_file() and not file.is_symlink() and size < _LARGEST:
                target = folder / file.relative_to(_MODULES)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)
                size += target.stat().st_size
    return size


def inventory(file: Path) -> list[str]:
    """Write manifests with ten thousand values as people have them; return the values."""
    rng = random.Random(20261121)  # noqa: S311 - test data
    letters = string.ascii_letters + string.digits
    values = [
        "".join(rng.choices(letters + ("!%&=+-_#@" if n % 3 else ""), k=rng.randint(10, 40))) for n in range(VALUES)
    ]
    with file.open("w", encoding="utf-8") as stream:
        for n in range(0, VALUES, 4):
            data = "".join(
                f"  password-{k}: {base64.b64encode(value.encode()).decode()}\n"
                for k, value in enumerate(values[n : n + 4])
            )
            stream.write(f"---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s{n}, namespace: shop}}\ndata:\n{data}")
    return values


def _commands(folder: Path, empty: Path, manifests: Path, fingerprints: Path) -> list[Command]:
    scan = (sys.executable, "-m", "strongroom", "scan", ".", "--format", "json", "--no-gitignore")
    commands = [
        Command("scan", scan, (0, 1), folder),
        Command("scan, fingerprint file", (*scan, "--inventory", str(fingerprints)), (0, 1), folder),
        Command("scan, values in memory", (*scan, "--inventory", str(manifests)), (0, 1), folder),
        Command("values in memory, one small file", (*scan, "--inventory", str(manifests)), (0, 1), empty),
        Command("one small file", scan, (0, 1), empty),
    ]
    if _KINGFISHER.exists():
        flags = ("--no-validate", "--no-update-check", "--git-history", "none", "-f", "json", "-q")
        commands.append(Command("kingfisher", (str(_KINGFISHER), "scan", ".", *flags), (0, 200, 205), folder))
    return commands


def run() -> str:
    """Measure; return the section of the page."""
    with tempfile.TemporaryDirectory(prefix="strongroom-bench-") as scratch:
        names = ("tree", "empty", "secrets.yaml", "known.jsonl")
        folder, empty, manifests, fingerprints = (Path(scratch) / name for name in names)
        empty.mkdir()
        (empty / "one.txt").write_text("nothing", "utf-8")
        size = tree(folder)
        planted = inventory(manifests)[::1000]
        (folder / "planted.txt").write_text("\n".join(f"see {value} there" for value in planted), "utf-8")
        words = (
            sys.executable,
            "-m",
            "strongroom",
            "inventory",
            str(manifests),
            "-q",
            "--fingerprints",
            str(fingerprints),
        )
        subprocess.run(words, check=True, capture_output=True)
        for source in (manifests, fingerprints):
            _found(folder, source, len(planted))
        figures = interleaved(_commands(folder, empty, manifests, fingerprints), _TURNS)
    plain, bare = figures["scan"], figures["one small file"]
    in_memory = figures["scan, values in memory"].wall - figures["values in memory, one small file"].wall
    searching = in_memory / (plain.wall - bare.wall)
    lines = [
        "## Known values",
        "",
        f"`strongroom scan` of {size / 1e6:.0f} MB of Go modules (k8s.io) with {VALUES:,} known values, whole",
        "processes in turn, after a warm-up; medians. *Values in memory* reads manifests with the values first; what",
        "is left when the same over one small file is taken away is scan and search:",
        f"{searching:.2f} times the scan alone.",
        "",
        "| | wall | processor | memory | wall, ratio to scan |",
        "|---|---|---|---|---|",
        *(_row(name, figure, plain) for name, figure in figures.items()),
    ]
    return "\n".join(lines)


def _found(folder: Path, source: Path, count: int) -> None:
    words = (sys.executable, "-m", "strongroom", "scan", "planted.txt", "--format", "json", "--inventory", str(source))
    done = subprocess.run(words, cwd=folder, check=False, capture_output=True)
    findings = json.loads(done.stdout)["findings"]
    assert sum(finding["id"] == "leak:known-value" for finding in findings) == count, "every planted value is found"


def _row(name: str, figure: Figure, plain: Figure) -> str:
    ratio = f"{figure.wall / plain.wall:.2f}"
    return f"| {name} | {figure.wall:.2f} s | {figure.processor:.2f} s | {figure.memory:.0f} MiB | {ratio} |"
