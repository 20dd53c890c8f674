"""What a document shall say: plain values, and marks for what plain values cannot tell.

A wanted document is the body of the document as it was, changed: keys left out, added and renamed in their place, items
of a list replaced by `GONE`, new items at the end of a list. Items keep their index, so that a path into the document
as it was leads to the same item.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from strongroom.model.origin import FieldPath
from strongroom.model.resource import dig


class Unfit(Exception):  # noqa: N818 - what is caught at once is no error of the user's
    """A file is written in a way that cannot be edited in place; the text says which, and holds nothing of the file."""


class Taken(NamedTuple):
    """Text of the file as it was, moved: a scalar, or characters ``start`` to ``end`` of its value."""

    document: int
    field: FieldPath
    start: int = 0
    end: int = 0


class Replaced(NamedTuple):
    """The scalar as it was, with parts of its value replaced: (start, end, text), in order, without overlap."""

    parts: tuple[tuple[int, int, str], ...]


class Octal(int):
    """A number that is written as file modes are, where it has to be written."""


class _Gone:
    def __repr__(self) -> str:
        return "GONE"

    def __deepcopy__(self, memo: object) -> _Gone:
        return self


GONE: Final = _Gone()
"""In place of an item of a list, or of a whole document: it is deleted."""


def resolved(wanted: Any, before: Any, bodies: Mapping[int, Any]) -> Any:
    """Return what a wanted value comes to.

    Args:
        wanted: the wanted value.
        before: the value in its place as it was; None where there was none.
        bodies: every document of the file as it was, for what is taken from it.

    Raises:
        Unfit: something is taken that is not there.
    """
    if isinstance(wanted, Taken):
        return _taken(wanted, bodies)
    if isinstance(wanted, Replaced):
        return _replaced(wanted, before)
    if isinstance(wanted, Octal):
        return int(wanted)
    if isinstance(wanted, dict):
        old = before if isinstance(before, dict) else {}
        return {key: resolved(value, old.get(key), bodies) for key, value in wanted.items()}
    if isinstance(wanted, list):
        items = before if isinstance(before, list) else []
        pairs = ((value, items[i] if i < len(items) else None) for i, value in enumerate(wanted))
        return [resolved(value, old, bodies) for value, old in pairs if value is not GONE]
    return wanted


def _taken(taken: Taken, bodies: Mapping[int, Any]) -> str:
    value = dig(bodies.get(taken.document), taken.field)
    if not isinstance(value, str):
        raise Unfit("a value that moves is no text")
    return value[taken.start : taken.end] if taken.end > taken.start else value


def _replaced(wanted: Replaced, before: Any) -> str:
    if not isinstance(before, str):
        raise Unfit("a value that changes is no text")
    out, at = [], 0
    for start, end, text in wanted.parts:
        out += [before[at:start], text]
        at = end
    return "".join((*out, before[at:]))


def same(old: Any, new: Any) -> bool:
    """Tell whether a wanted value is the one that stands there, types included."""
    if isinstance(new, Octal):
        return type(old) is int and old == new
    if type(old) is not type(new):
        return False
    if isinstance(old, dict):
        return [*old] == [*new] and all(same(value, new[key]) for key, value in old.items())
    if isinstance(old, list):
        return len(old) == len(new) and all(map(same, old, new))
    return bool(old == new)
