"""The contract of a recogniser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from strongroom.model.finding import Confidence
from strongroom.model.place import Nature


class Mark(NamedTuple):
    """A part of a value that was recognised.

    Attributes:
        start, end: offsets in characters inside the value.
        rule: the recogniser's id.
        what: what it is, for people.
        nature: what it is; a recognised reference or placeholder is worth saying too.
        confidence: how sure it is.
        decoded: the secret itself where it is written in another form (base64); empty where it stands as it is.
        weak: why it is weak, in fixed words.
    """

    start: int
    end: int
    rule: str
    what: str
    nature: Nature
    confidence: Confidence
    decoded: str = ""
    weak: str = ""

    def __repr__(self) -> str:
        return f"Mark({self.rule} {self.start}-{self.end})"


class Recogniser(msgspec.Struct, frozen=True):
    """One way to recognise a secret by its own structure. Declared once, as ``RECOGNISER``, at the end of its file.

    Attributes:
        id: names what it finds; the file's name with dashes.
        needles: texts of which every match holds at least one: a value without any is not looked at.
        find: yields the marks in a value, given it and its name; pure, never raises.
    """

    id: str
    needles: tuple[str, ...]
    find: Callable[[str, str], Iterator[Mark]]
