"""A plan as people read it: a unified diff of each file, with every value masked."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from strongroom.model.plan import ABSENT, Change, Copied, Plan, Splice, StepView, Text, WriteFile
from strongroom.plans.files import place, read, spliced

MASK = "••••••"
_CONTEXT_LINES = 2
_LONGEST_LINE = 400


def preview(plan: Plan, root: Path, shown: Callable[[str], str]) -> Iterator[StepView]:
    """Yield what each step changes.

    Args:
        plan: the plan.
        root: the folder that it is for; where a file there no longer fits, its diff says nothing of the old contents.
        shown: given a line that a step leaves alone, returns what of it may be shown.

    Raises:
        PlanError: a file cannot be read, or the plan leads out of its folder.
    """
    now: dict[Path, bytes] = {}
    for step in plan.steps:
        path = place(root, step.change.path)
        before = now[path] if path in now else read(path).data or b""
        yield StepView(step.title, step.change.path, tuple(_diff(step.change, before, shown)), step.unsafe)
        now[path] = _after(step.change, before)


def _after(change: Change, before: bytes) -> bytes:
    return spliced(before, change.splices) if isinstance(change, WriteFile) else b""


def _diff(change: Change, before: bytes, shown: Callable[[str], str]) -> Iterator[str]:
    if not isinstance(change, WriteFile):
        yield f"--- {change.path}"
        yield "+++ /dev/null"
        return
    old = _masked(before, 0, len(before), _hidden(change))
    new = _changed(change, before)
    source = "/dev/null" if change.before == ABSENT else change.path
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), source, change.path, n=_CONTEXT_LINES, lineterm="")
    for number, line in enumerate(lines):
        if line.startswith(" ") and number > 1:
            line = f" {shown(line[1:])}"
        yield line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…"


def _hidden(change: WriteFile) -> list[tuple[int, int]]:
    copied = [(piece.start, piece.end) for one in change.splices for piece in one.pieces if isinstance(piece, Copied)]
    return sorted({*change.hidden, *copied})


def _changed(change: WriteFile, before: bytes) -> str:
    hidden = _hidden(change)
    out, at = [], 0
    for splice in change.splices:
        out.append(_masked(before, at, splice.start, hidden))
        out.append(_brought(splice))
        at = splice.end
    out.append(_masked(before, at, len(before), hidden))
    return "".join(out)


def _brought(splice: Splice) -> str:
    return "".join(piece.text if isinstance(piece, Text) else MASK for piece in splice.pieces)


def _masked(data: bytes, start: int, end: int, hidden: Iterable[tuple[int, int]]) -> str:
    """Return a part of some contents as text, with the spans that hold values masked, line by line."""
    out, at = [], start
    for first, last in hidden:
        if last <= at or first >= end:
            continue
        out.append(data[at : max(first, at)].decode(errors="replace"))
        lines = data[max(first, at) : min(last, end)].count(b"\n")
        out.append("\n".join([MASK] * (lines + 1)))
        at = min(last, end)
    out.append(data[at:end].decode(errors="replace"))
    return "".join(out)
