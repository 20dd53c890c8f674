"""A plan as people read it: a unified diff of each file, with every value masked."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from strongroom.crypto.plan_values import length
from strongroom.model.plan import (
    ABSENT,
    ClusterRef,
    Copied,
    FileChange,
    ObjectChange,
    Plan,
    RunProcedure,
    Sealed,
    Splice,
    StepView,
    Text,
    WriteFile,
)
from strongroom.model.procedure import Procedure
from strongroom.plans.apply import no_procedures
from strongroom.plans.files import place, read, spliced
from strongroom.plans.object_preview import MASK, object_diff

_NOT_AS_IT_WAS = "  (the file is not as it was when the plan was made: only what the plan brings is shown)"
_CONTEXT_LINES = 2
_LONGEST_LINE = 400


def preview(
    plan: Plan,
    root: Path,
    shown: Callable[[str], str],
    procedures: Callable[[str], Procedure] = no_procedures,
    key: bytes | None = None,
) -> Iterator[StepView]:
    """Yield what each step changes.

    Args:
        plan: the plan.
        root: the folder that it is for.
        shown: given a line that a step leaves alone, returns what of it may be shown.
        procedures: those that steps may name.
        key: the fingerprint key. Of a file that is not as when the plan was made, as after a step was done, nothing is
            shown: the places of its values are not known. Without a key, every file is taken to fit.

    Raises:
        PlanError: a file cannot be read, the plan leads out of its folder, or nothing here does a procedure.
    """
    now: dict[Path, bytes | None] = {}
    cluster: ClusterRef | None = None
    for step in plan.steps:
        change = step.change
        if isinstance(change, ObjectChange):
            where = () if change.cluster == cluster else (_named(change.cluster),)
            cluster = change.cluster
            yield StepView(step.title, diff=tuple(object_diff(change)), unsafe=step.unsafe, said=where)
            continue
        if isinstance(change, RunProcedure):
            yield StepView(step.title, unsafe=step.unsafe, said=procedures(change.name).said(change.arguments))
            continue
        path = place(root, change.path)
        before = now[path] if path in now else _fitting(path, change, key)
        diff = _unfitting(change) if before is None else _diff(change, before, shown)
        yield StepView(step.title, change.path, (*_mode(change), *diff), step.unsafe)
        now[path] = None if before is None else _after(change, before)


def _named(cluster: ClusterRef) -> str:
    kubeconfig = f" of {cluster.kubeconfig}" if cluster.kubeconfig else ""
    return f"in context {cluster.context}{kubeconfig}, whose Namespace kube-system has uid {cluster.uid}"


def _fitting(path: Path, change: FileChange, key: bytes | None) -> bytes | None:
    """Return what a file holds; None where it is not as when the plan was made."""
    found = read(path)
    return (found.data or b"") if key is None or found.digest(key) == change.before else None


def _unfitting(change: FileChange) -> Iterator[str]:
    yield f"--- {change.path}"
    yield f"+++ {change.path if isinstance(change, WriteFile) else '/dev/null'}"
    yield _NOT_AS_IT_WAS
    if isinstance(change, WriteFile):
        for splice in change.splices:
            yield from (f"+{line}" for line in _brought(splice).splitlines() if line.strip())


def _after(change: FileChange, before: bytes) -> bytes:
    return spliced(before, change.splices, _blank) if isinstance(change, WriteFile) else b""


def _blank(piece: Sealed) -> bytes:
    """Stand for a value that is not known here; later steps name places by how long it is."""
    return b"*" * length(piece)


def _mode(change: FileChange) -> Iterator[str]:
    if isinstance(change, WriteFile) and isinstance(change.at_most, int):
        yield f"mode of {change.path}: at most {change.at_most:04o}"


def _diff(change: FileChange, before: bytes, shown: Callable[[str], str]) -> Iterator[str]:
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
        lines = data[max(first, at) : min(last, end)].split(b"\n")
        # A line end that closes the span is nothing to hide: what follows stands on a line of its own.
        out.append("\n".join([*(MASK for _ in lines[:-1]), MASK if lines[-1] or len(lines) == 1 else ""]))
        at = min(last, end)
    out.append(data[at:end].decode(errors="replace"))
    return "".join(out)
