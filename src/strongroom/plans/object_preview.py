"""A step on an object as people read it: each field that changes with what it shall hold, every value masked."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator
from typing import Any

from strongroom.model.plan import CreateObject, DeleteObject, FieldEdit, FieldPath, Hole, ObjectChange, Sealed

MASK = "••••••"
_KEPT = "(as it is)"


def object_diff(change: ObjectChange) -> Iterator[str]:
    """Yield the lines of a diff; what a field held before is not known without asking the cluster."""
    if isinstance(change, DeleteObject):
        yield f"--- {change.name}"
        yield "+++ /dev/null"
        return
    if isinstance(change, CreateObject):
        yield "--- /dev/null"
        yield f"+++ {change.name}"
        yield from (f"+{line}" for line in _lines(_masked(change.body, change.holes)))
        return
    yield f"--- {change.name}"
    yield f"+++ {change.name}"
    for edit in change.edits:
        yield from _edit(edit)


def _edit(edit: FieldEdit) -> Iterator[str]:
    where = _path(edit.path)
    if edit.gone:
        yield f"-{where}"
        return
    value = _masked(edit.value, edit.holes)
    if isinstance(value, dict | list) and value:
        yield f"+{where}:"
        yield from (f"+  {line}" for line in _lines(value))
    else:
        yield f"+{where}: {_scalar(value)}"


def _masked(value: Any, holes: Iterable[Hole]) -> Any:
    found = copy.deepcopy(value)
    for hole in holes:
        mask = MASK if isinstance(hole.value, Sealed) else _KEPT
        if not hole.at:
            return mask
        above = found
        for part in hole.at[:-1]:
            above = above[part]
        above[hole.at[-1]] = mask
    return found


def _path(path: FieldPath) -> str:
    shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return shown.removeprefix(".")


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for field, inner in value.items():
            if isinstance(inner, dict | list) and inner:
                yield f"{field}:"
                yield from (f"  {line}" for line in _lines(inner))
            else:
                yield f"{field}: {_scalar(inner)}"
    elif isinstance(value, list):
        for inner in value:
            first, *rest = [*_lines(inner)] if isinstance(inner, dict | list) and inner else [_scalar(inner)]
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) and value else json.dumps(value)
