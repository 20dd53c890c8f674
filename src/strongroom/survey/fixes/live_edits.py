"""From the wanted form of a live object to the fields that change; pure.

Nothing that was read from a cluster is written down: what stays in a list that changes is named by its place, and a
value that moves is sealed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from strongroom.documents.wanted import GONE, Octal, Replaced, Taken, Unfit, resolved
from strongroom.model.plan import FieldEdit, FieldPath, Hole, Sealed

Seal = Callable[[str], Sealed]
"""Seals a value."""


class Written(NamedTuple):
    """What is written down of a value, and the values that are put into it."""

    value: Any
    holes: tuple[Hole, ...] = ()


def field_edits(before: dict[str, Any], wanted: dict[str, Any], seal: Seal) -> list[FieldEdit]:
    """Return how an object comes to be as it is wanted.

    Args:
        before: the object.
        wanted: its wanted form (`strongroom.documents.wanted`).
        seal: seals what moves within it.

    Raises:
        Unfit: something is taken that is not there.
    """
    return [*_Edits(before, seal).of(before, wanted, ())]


def written(value: Any, seal: Seal, beside: Mapping[str, Any], at: FieldPath = ()) -> Written:
    """Return what is written down of something new.

    Args:
        value: its wanted form.
        seal: seals what is taken.
        beside: the object that it is taken from.
        at: where it stands in what is written down.

    Raises:
        Unfit: something is taken that is not there.
    """
    if isinstance(value, Taken | Replaced):
        return Written("", (Hole(at, seal(resolved(value, None, {0: beside}))),))
    if isinstance(value, Octal):
        return Written(int(value))
    if isinstance(value, dict):
        inner = {key: written(one, seal, beside, (*at, key)) for key, one in value.items()}
        return Written({key: one.value for key, one in inner.items()}, _holes(inner.values()))
    if isinstance(value, list):
        items = [one for one in value if one is not GONE]
        listed = [written(one, seal, beside, (*at, index)) for index, one in enumerate(items)]
        return Written([one.value for one in listed], _holes(listed))
    return Written(value)


class _Edits:
    """The edits of one object."""

    def __init__(self, root: dict[str, Any], seal: Seal) -> None:
        self._root, self._seal = root, seal

    def of(self, before: Any, wanted: Any, path: FieldPath) -> Iterator[FieldEdit]:
        """Yield the edits of what stands at a path."""
        if isinstance(before, dict) and isinstance(wanted, dict):
            for key in before:
                if key not in wanted:
                    yield FieldEdit((*path, key), gone=True)
            for key, value in wanted.items():
                if key in before:
                    yield from self.of(before[key], value, (*path, key))
                else:
                    yield FieldEdit((*path, key), *written(value, self._seal, self._root))
        elif isinstance(before, list) and isinstance(wanted, list) and _fits(before, wanted):
            for index, (old, value) in enumerate(zip(before, wanted, strict=True)):
                yield from self.of(old, value, (*path, index))
        elif not _same(before, wanted):
            yield FieldEdit(path, *self._in_place(before, wanted, path, ()))

    def _in_place(self, before: Any, wanted: Any, path: FieldPath, at: FieldPath) -> Written:
        """Return what is written down of something that was there in another form; what it keeps is named."""
        if _same(before, wanted):
            return Written(None, (Hole(at, path),))
        if isinstance(wanted, Replaced):
            return Written("", (Hole(at, self._seal(resolved(wanted, before, {}))),))
        if isinstance(before, dict) and isinstance(wanted, dict):
            inner = {
                key: self._in_place(before[key], one, (*path, key), (*at, key))
                if key in before
                else written(one, self._seal, self._root, (*at, key))
                for key, one in wanted.items()
            }
            return Written({key: one.value for key, one in inner.items()}, _holes(inner.values()))
        if isinstance(before, list) and isinstance(wanted, list):
            return self._list(before, wanted, path, at)
        return written(wanted, self._seal, self._root, at)

    def _list(self, before: list[Any], wanted: list[Any], path: FieldPath, at: FieldPath) -> Written:
        listed: list[Written] = []
        for index, one in enumerate(wanted):
            place = (*at, len(listed))
            if one is GONE:
                continue
            if index < len(before):
                listed.append(self._in_place(before[index], one, (*path, index), place))
            else:
                listed.append(written(one, self._seal, self._root, place))
        return Written([one.value for one in listed], _holes(listed))


def _holes(inner: Iterable[Written]) -> tuple[Hole, ...]:
    return tuple(hole for one in inner for hole in one.holes)


def _fits(before: list[Any], wanted: list[Any]) -> bool:
    """Tell whether each item stays, or changes, in its place."""
    return len(before) == len(wanted) and not any(one is GONE for one in wanted)


def _same(before: Any, wanted: Any) -> bool:
    """Tell whether a wanted value is the one that stands there."""
    if isinstance(wanted, Octal):
        return isinstance(before, int) and int(wanted) == before
    if isinstance(before, dict) and isinstance(wanted, dict):
        return before.keys() == wanted.keys() and all(_same(before[key], wanted[key]) for key in wanted)
    if isinstance(before, list) and isinstance(wanted, list):
        return len(before) == len(wanted) and all(map(_same, before, wanted))
    return type(before) is type(wanted) and bool(before == wanted)


def refuse_values(clear: Iterable[Any], values: Collection[str]) -> None:
    """Refuse what would write down a value of the objects; raises Unfit."""
    for one in clear:
        for text in _texts(one):
            if any(value in text for value in values):
                raise Unfit("the plan would hold a value of the cluster")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
