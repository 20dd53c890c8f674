"""Versions of one file: a history holds hundreds of most, which differ in lines that are nobody's secret."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from strongroom.leaks.prefilter import Trace
from strongroom.model.origin import Origin
from strongroom.survey.scanning.hit import Hit

_MOST = 1 << 15


class _Kept(NamedTuple):
    """One hit of a version: one of the raw text by its number there, or one of reading by the mark in its line."""

    plain: int
    mark: int
    hit: Hit


_Key = tuple[str, bytes, tuple[tuple[str, str], ...]]


class Versions:
    """Remembers what a version of a file gave, by all that the result depends on. Holds no value."""

    def __init__(self) -> None:
        self._known: dict[_Key, tuple[_Kept, ...]] = {}

    def remember(self, path: str, data: bytes, trace: Trace, plain: list[Hit], found: list[Hit]) -> None:
        """Remember a version, unless reading found something where the search saw nothing.

        Args:
            path: the file's path.
            data: its contents.
            trace: what the search saw.
            plain: what the raw text gave.
            found: what joining it with what reading gave.
        """
        if not trace.digest or len(self._known) >= _MOST:
            return
        lines = _lines_of(data, trace.offsets)
        numbers = {id(hit): number for number, hit in enumerate(plain)}
        kept = []
        for hit in found:
            number = numbers.get(id(hit), -1)
            if number < 0 and hit.origin.line not in lines:
                return
            kept.append(_Kept(number, -1 if number >= 0 else lines.index(hit.origin.line), hit))
        self._known[_key(path, trace, plain)] = tuple(kept)

    def recall(self, path: str, data: bytes, origin: Origin, trace: Trace, plain: list[Hit]) -> list[Hit] | None:
        """Return what an equal version gave, at the lines where it stands in this one; None where none is known.

        Args:
            path: the file's path.
            data: its contents.
            origin: the file.
            trace: what the search saw.
            plain: what the raw text gave.
        """
        known = self._known.get(_key(path, trace, plain)) if trace.digest else None
        if known is None:
            return None
        lines = _lines_of(data, trace.offsets) if known else []
        return [plain[one.plain] if one.plain >= 0 else _at(one.hit, origin, lines[one.mark]) for one in known]

    def __repr__(self) -> str:
        return f"Versions({len(self._known)})"


def _key(path: str, trace: Trace, plain: list[Hit]) -> _Key:
    return path, trace.digest, tuple((hit.rule, hit.fingerprint) for hit in plain)


def _at(hit: Hit, origin: Origin, line: int) -> Hit:
    place = hit.origin
    moved = msgspec.structs.replace(
        place,
        source=origin.source,
        path=origin.path,
        commit=origin.commit,
        line=line,
        end_line=place.end_line + line - place.line if place.end_line else 0,
    )
    return msgspec.structs.replace(hit, origin=moved)


def _lines_of(data: bytes, offsets: tuple[int, ...]) -> list[int]:
    """Return the lines of offsets, which are sorted."""
    lines: list[int] = []
    line, position = 1, 0
    for offset in offsets:
        line += data.count(b"\n", position, offset)
        position = offset
        lines.append(line)
    return lines
