"""Bring an object in a file to what it shall be: what does not change stays byte for byte, comments and order too."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from strongroom.documents import edits as documents
from strongroom.documents.limits import DEFAULT, Limits
from strongroom.documents.wanted import Unfit
from strongroom.model.origin import FieldPath
from strongroom.model.plan import Splice
from strongroom.model.resource import dig


class Wanted(NamedTuple):
    """What an object of a file shall be: the document, the way to the object in it, the object."""

    document: int
    path: FieldPath
    body: Mapping[str, Any]


def edits(data: bytes, wanted: Sequence[Wanted], limits: Limits = DEFAULT) -> tuple[Splice, ...] | None:
    """Return what changes in a file, in order; None where that cannot be done in place."""
    try:
        bodies = documents.bodies(data, limits)
        goal: dict[int, Any] = {}
        for one in wanted:
            goal[one.document] = _put(goal.get(one.document, bodies[one.document]), one.path, one.body)
        return documents.edits(data, goal, (), limits)
    except (Unfit, KeyError, UnicodeDecodeError):
        return None


def _put(body: Any, path: FieldPath, value: Mapping[str, Any]) -> Any:
    if not path:
        return copy.deepcopy(dict(value))
    body = copy.deepcopy(body)
    dig(body, path[:-1])[path[-1]] = copy.deepcopy(dict(value))
    return body
