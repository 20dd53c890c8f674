"""What every format declares."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from strongroom.documents.limits import Limits


class Leaf(msgspec.Struct, frozen=True):
    """One value of an embedded file.

    Args:
        path: keys and indices that lead to it.
        value: the value, decoded; a number as it is written.
        start: where it is written in the text, in characters, quotes left out.
        end: where it ends, exclusive.
    """

    path: tuple[str | int, ...]
    value: str
    start: int
    end: int


class Format(msgspec.Struct, frozen=True):
    """A format and how it is recognised.

    Args:
        id: its name, which is also its module's.
        leaves: gives the values of a text, None where the text is not in the format.
        suffixes: what names of such files end with, in lower case.
        names: whole names of such files, in lower case.
        looks_like: tells from a text alone, without any name, that nothing else is likely; None where nothing can.
    """

    id: str
    leaves: Callable[[str, Limits], list[Leaf] | None]
    suffixes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    looks_like: Callable[[str], bool] | None = None
