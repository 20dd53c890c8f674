"""Kubernetes objects before and after the steps of plans; pure.

A step that changes fields looks at those alone: controllers, autoscalers and people may change others before the step,
after it, and before it is gone back on. What stands in a list is looked at, and restored, with the whole list.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from strongroom.crypto.plan_values import opened
from strongroom.errors import PlanError
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import ABSENT, FieldEdit, FieldPath, Hole, ObjectChange, PatchObject, Sealed

_SERVERS = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)
"""Metadata that the API server sets (k8s.io/apimachinery, pkg/apis/meta/v1, ObjectMeta)."""

_MISSING = object()
_PATH = re.compile(r"/(?:api/v1|apis/[a-z0-9.-]+/v[a-z0-9]+)(?:/namespaces/[a-z0-9.-]+)?/[a-z0-9]+/[A-Za-z0-9.:_-]+")


def require_path(path: str) -> None:
    """Refuse what is no path of one object: a saved plan may come from anybody.

    Raises:
        PlanError: it is none.
    """
    if not _PATH.fullmatch(path) or path.endswith(("/.", "/..")):
        raise PlanError("the plan names an object that cannot be", hint="make it again")


def owned(body: dict[str, Any]) -> dict[str, Any]:
    """Return an object without its status and without what the API server sets: it can be made again from this."""
    metadata = {key: value for key, value in (body.get("metadata") or {}).items() if key not in _SERVERS}
    return {key: value for key, value in body.items() if key != "status"} | {"metadata": metadata}


def digest(body: dict[str, Any] | None, change: ObjectChange, key: bytes) -> str:
    """Return the keyed digest of what a step looks at; `ABSENT` where there is no object.

    Args:
        body: the object; not changed.
        change: the step.
        key: the fingerprint key.
    """
    if body is None:
        return ABSENT
    return looked_at(body, change.edits, key) if isinstance(change, PatchObject) else whole(body, key)


def whole(body: dict[str, Any], key: bytes) -> str:
    """Return the keyed digest of an object without what is the API server's."""
    return _digest(owned(body), key)


def looked_at(body: dict[str, Any], edits: Iterable[FieldEdit], key: bytes) -> str:
    """Return the keyed digest of the fields that edits touch."""
    values = [(path, _at(body, path)) for path in touched(edits)]
    return _digest([(path, value is not _MISSING, None if value is _MISSING else value) for path, value in values], key)


def _digest(value: Any, key: bytes) -> str:
    return Plaintext(msgspec.json.encode(value, order="deterministic")).fingerprint(key)


def touched(edits: Iterable[FieldEdit]) -> list[FieldPath]:
    """Return the fields that edits touch, lists as a whole, none of which stands in another."""
    paths = {_to_list(edit.path) for edit in edits}
    return sorted(path for path in paths if not any(path[:n] in paths for n in range(len(path))))


def _to_list(path: FieldPath) -> tuple[str, ...]:
    found: list[str] = []
    for part in path:
        if isinstance(part, int):
            break
        found.append(part)
    return tuple(found)


def edited(body: dict[str, Any], edits: Iterable[FieldEdit], key: bytes) -> dict[str, Any]:
    """Return an object after a step.

    Raises:
        PlanError: a value cannot be opened, or the object is not one that the edits fit.
    """
    found = copy.deepcopy(body)
    for edit in edits:
        if edit.gone:
            _remove(found, edit.path)
        else:
            _put(found, edit.path, filled(edit.value, edit.holes, body, key))
    return found


def filled(value: Any, holes: Iterable[Hole], body: dict[str, Any], key: bytes) -> Any:
    """Return what a plan writes down with the values in their places.

    Args:
        value: what is written down; not changed.
        holes: the values.
        body: the object as it was before the step.
        key: the fingerprint key.

    Raises:
        PlanError: a value cannot be opened, is not there, or has no place.
    """
    found = copy.deepcopy(value)
    for hole in holes:
        text = opened(hole.value, key).reveal_text() if isinstance(hole.value, Sealed) else _at(body, hole.value)
        if text is None or text is _MISSING:
            raise _unfit()
        if hole.at:
            _put(found, hole.at, copy.deepcopy(text))
        else:
            found = copy.deepcopy(text)
    return found


def difference(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the merge patch (RFC 7386) that leads from one object to another."""
    found: dict[str, Any] = dict.fromkeys(old.keys() - new.keys())
    for field, value in new.items():
        before = old.get(field)
        if isinstance(before, dict) and isinstance(value, dict):
            if before != value:
                found[field] = difference(before, value)
        elif field not in old or before != value:
            found[field] = value
    return found


def restored(body: dict[str, Any], before: dict[str, Any], edits: Iterable[FieldEdit]) -> dict[str, Any]:
    """Return an object with the fields that edits touch as they were before; all else stays as it is now."""
    found = copy.deepcopy(body)
    for path in touched(edits):
        value = _at(before, path)
        if value is not _MISSING:
            _put(found, path, copy.deepcopy(value))
            continue
        _remove(found, path)
        for length in range(len(path) - 1, 0, -1):
            if _at(before, path[:length]) is not _MISSING or _at(found, path[:length]) != {}:
                break
            _remove(found, path[:length])
    return found


def _has(value: Any, part: str | int) -> bool:
    if isinstance(part, int):
        return isinstance(value, list) and 0 <= part < len(value)
    return isinstance(value, dict) and part in value


def _at(value: Any, path: FieldPath) -> Any:
    for part in path:
        if not _has(value, part):
            return _MISSING
        value = value[part]
    return value


def _put(value: Any, path: FieldPath, new: Any) -> None:
    """Put a value in its place; maps on the way are made where there are none."""
    *above, last = path
    for part in above:
        if isinstance(part, str) and isinstance(value, dict):
            value.setdefault(part, {})
        value = _at(value, (part,))
    if not _has(value, last) and not (isinstance(last, str) and isinstance(value, dict)):
        raise _unfit()
    value[last] = new


def _remove(value: Any, path: FieldPath) -> None:
    above = _at(value, path[:-1])
    if isinstance(above, dict) and path:
        above.pop(path[-1], None)
    elif above is not _MISSING:
        raise _unfit()


def _unfit() -> PlanError:
    return PlanError("the plan does not fit the object", hint="make it again")
