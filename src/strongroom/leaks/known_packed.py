"""Compressed text in a text: gzip in base64, once or twice, as Helm keeps its releases and cloud-init its user data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from strongroom.leaks.candidates.packed import unpacked
from strongroom.leaks.known_unwrap import unwrapped

_MARKS = (b"H4sI", b"SDRzS")
"""How base64 of a gzip file begins (RFC 1952 section 2.3.1: 1f 8b 08), and base64 of that."""

_RUN = re.compile(rb"[A-Za-z0-9+/_-]+={0,2}")
_LABEL = "compressed"


class Packed(NamedTuple):
    """What was compressed, unpacked, and where it stands in the text around it."""

    start: int
    end: int
    text: bytes

    @property
    def label(self) -> str:
        """What reports say of a value in it."""
        return _LABEL

    def __repr__(self) -> str:
        return f"Packed({self.start}-{self.end})"


def packed(text: bytes) -> Iterator[Packed]:
    """Yield what a text holds compressed; limits are those of `leaks.candidates.packed`."""
    if not any(mark in text for mark in _MARKS):
        return
    spans = set()
    for start, end in _runs(text):
        spans.add((start, end))
        yield from _opened(start, end, text[start:end])
    for block in unwrapped(text):
        for start, end in _runs(block.text):
            span = block.span(start, end)
            if span not in spans:
                yield from _opened(*span, block.text[start:end])


def _runs(text: bytes) -> Iterator[tuple[int, int]]:
    """Yield the runs of base64 that begin as gzip does; each character is looked at once."""
    for mark in _MARKS:
        at = text.find(mark)
        while at >= 0:
            run = _RUN.match(text, at)
            end = run.end() if run else at + 1
            yield at, end
            at = text.find(mark, end)


def _opened(start: int, end: int, run: bytes) -> Iterator[Packed]:
    found = unpacked(run)
    if found is not None:
        yield Packed(start, end, found.encode("utf-8", "surrogatepass"))
