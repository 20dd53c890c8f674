"""What scanners make of the labelled files of ``tests/leaks/labelled``: the table of ``docs/detection.md``.

Each case is written to a folder of its own, and every scanner reads the whole tree once with its defaults. The peers
are programs in ``STRONGROOM_PEERS`` (folders, as in PATH), in ``build/peers`` or on PATH; one that is not there is left
out.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.trees import ROOT

sys.path.insert(0, str(ROOT))

from tests.leaks.labelled_files import Case, Lines, Score, all_cases, score

_PAGE = ROOT / "docs" / "detection.md"
_TABLE = re.compile(r"(?<=<!-- table -->\n).*(?=<!-- end of table -->)", re.DOTALL)
_FAILURES = re.compile(r"(?<=<!-- failures -->\n).*(?=<!-- end of failures -->)", re.DOTALL)

Places = Iterator[tuple[str, Lines]]
"""Files, relative to the tree, and the lines of what a scanner reports."""


class Scanner(NamedTuple):
    """One program: its name for people, its command, the exit codes of one that worked, how to read its report."""

    name: str
    program: str
    words: tuple[str, ...]
    codes: tuple[int, ...]
    places: Callable[[Any], Places]


def _of_strongroom(report: Any) -> Places:
    for finding in report["findings"]:
        if finding["confidence"] != "low":
            for place in (finding, *finding["related"]):
                where = place["location"]
                yield where["path"], Lines(where["line"], max(where["line"], where["end_line"]))


def _of_gitleaks(report: Any) -> Places:
    for finding in report:
        yield finding["File"], Lines(finding["StartLine"], finding["EndLine"])


def _of_kingfisher(report: Any) -> Places:
    for entry in report["findings"]:
        finding = entry["finding"]
        breaks = finding["snippet"].rstrip("\n").count("\n")
        yield finding["path"], Lines(finding["line"], finding["line"] + breaks)


def _of_detect_secrets(report: Any) -> Places:
    for path, findings in report["results"].items():
        for finding in findings:
            yield path, Lines(finding["line_number"], finding["line_number"])


SCANNERS = (
    Scanner(
        "strongroom",
        "strongroom",
        ("scan", ".", "--format", "json", "--no-gitignore", "--fail-on", "critical", "-q", "-o", "{report}"),
        (0, 1),
        _of_strongroom,
    ),
    Scanner(
        "gitleaks",
        "gitleaks",
        ("dir", ".", "--no-banner", "-l", "error", "-f", "json", "-r", "{report}"),
        (0, 1),
        _of_gitleaks,
    ),
    Scanner(
        "kingfisher",
        "kingfisher",
        (
            "scan",
            ".",
            "--no-validate",
            "--no-update-check",
            "--git-history",
            "none",
            "-q",
            "-f",
            "json",
            "-o",
            "{report}",
        ),
        (0, 200),
        _of_kingfisher,
    ),
    Scanner(
        "detect-secrets",
        "detect-secrets",
        ("-C", ".", "scan", "--all-files", "--no-verify"),
        (0,),
        _of_detect_secrets,
    ),
)


def run() -> str:
    """Run every scanner, write the tables of the page, and return a summary as a section of ``docs/benchmarks.md``."""
    cases = all_cases()
    with tempfile.TemporaryDirectory(prefix="strongroom-detection-") as folder:
        tree = Path(folder) / "tree"
        for index, case in enumerate(cases):
            path = tree / f"{index:03}" / case.file
            path.parent.mkdir(parents=True)
            path.write_text(case.written().text, "utf-8", newline="")
        found = {s.name: lines for s in SCANNERS if (lines := _reported(s, tree, Path(folder))) is not None}
    scores = {
        name: [score(case.written(), lines.get(i, set())) for i, case in enumerate(cases)]
        for name, lines in found.items()
    }
    page = _PAGE.read_text("utf-8")
    page = _TABLE.sub(lambda _: _table(cases, scores), page)
    _PAGE.write_text(_FAILURES.sub(lambda _: _failures(cases, scores["strongroom"]), page), "utf-8")
    rows = [f"| {name} | {_percent(total.recall)} | {_percent(total.precision)} |" for name, total in _totals(scores)]
    head = f"## Detection\n\n{len(cases)} labelled files; by category in [detection](detection.md).\n\n"
    return head + "| scanner | recall | precision |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def _reported(scanner: Scanner, tree: Path, scratch: Path) -> dict[int, set[Lines]] | None:
    program = _program(scanner.program)
    if program is None:
        print(f"{scanner.name} is not installed and is left out", file=sys.stderr)
        return None
    report = scratch / f"{scanner.name}.json"
    words = [word.replace("{report}", str(report)) for word in scanner.words]
    done = subprocess.run([program, *words], cwd=tree, capture_output=True, check=False)
    if done.returncode not in scanner.codes:
        raise RuntimeError(f"{scanner.name} ended with {done.returncode}: {done.stderr[-500:]!r}")
    text = report.read_bytes() if report.exists() else done.stdout
    lines: dict[int, set[Lines]] = {}
    for path, lines_of in scanner.places(json.loads(text)):
        index = Path(path).relative_to(tree) if Path(path).is_absolute() else Path(path)
        lines.setdefault(int(index.parts[0]), set()).add(lines_of)
    return lines


def _program(name: str) -> str | None:
    folders = [
        os.environ.get("STRONGROOM_PEERS", ""),
        str(ROOT / "build" / "peers" / "bin"),
        str(Path(sys.executable).parent),
    ]
    return shutil.which(name, path=os.pathsep.join(filter(None, folders))) or shutil.which(name)


def _totals(scores: dict[str, list[Score]]) -> Iterator[tuple[str, Score]]:
    for name, all_scores in scores.items():
        total = Score()
        for one in all_scores:
            total = total.plus(one)
        yield name, total


def _table(cases: list[Case], scores: dict[str, list[Score]]) -> str:
    """One row a category: cases and marks, then what each scanner found, missed and reported wrongly."""
    names = list(scores)
    out = ["| category | cases | marks | " + " | ".join(names) + " |", "|---|---|---|" + "---|" * len(names)]
    for category in dict.fromkeys(case.category for case in cases):
        chosen = [index for index, case in enumerate(cases) if case.category == category]
        out.append(_row(category, chosen, scores))
    everything = list(range(len(cases)))
    out.append(_row("**all**", everything, scores))
    for title, share in (("**recall**", "recall"), ("**precision**", "precision")):
        out.append(f"| {title} | | | " + " | ".join(_percent(getattr(t, share)) for _, t in _totals(scores)) + " |")
    return "\n".join(out) + "\n"


def _row(title: str, chosen: list[int], scores: dict[str, list[Score]]) -> str:
    cells, marks = [], 0
    for of_scanner in scores.values():
        total = Score()
        for index in chosen:
            total = total.plus(of_scanner[index])
        marks = total.found + total.missed
        cells.append(f"{total.found} / {total.wrong}")
    return f"| {title} | {len(chosen)} | {marks} | " + " | ".join(cells) + " |"


def _failures(cases: list[Case], ours: list[Score]) -> str:
    lines = [
        f"- {case.label}: {one.missed} missed, {one.wrong} wrong{'; ' + case.fails if case.fails else ''}."
        for case, one in zip(cases, ours, strict=True)
        if one.missed or one.wrong
    ]
    return "\n".join(lines or ["None."]) + "\n"


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


if __name__ == "__main__":
    print(run())
