"""Base64 and hex that is wrapped over lines, as ``base64``, PEM and many editors write it, joined again."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_I64: TypeAlias = "NDArray[np.int64]"

_LEAST, _MOST = 44, 512
"""Lines of wrapped base64: 64 characters (PEM, RFC 7468), 76 (MIME, RFC 2045) or what somebody chose."""

_AT_END = 4
"""A quotation mark, a plus sign or the like may stand after the encoded characters of a line."""

_CHARACTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_ENCODED = np.zeros(256, np.bool_)
_ENCODED[list(_CHARACTERS)] = True
_NEXT = re.compile(rb"[ \t\"'#>*]*([A-Za-z0-9+/_-]+={0,2})[ \t\r\"'+,;\\]*$")


class Block(NamedTuple):
    """Lines joined into one; ``starts`` says where each begins in the joined text, ``places`` where in the file."""

    text: bytes
    starts: list[int]
    places: list[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the offsets in the file of a span of the joined text."""
        first, last = bisect_right(self.starts, start) - 1, bisect_right(self.starts, end - 1) - 1
        return start - self.starts[first] + self.places[first], end - self.starts[last] + self.places[last]

    def __repr__(self) -> str:
        return f"Block({len(self.starts)} lines)"


def unwrapped(text: bytes, lines: Iterable[tuple[int, int]] | None = None) -> Iterator[Block]:
    """Yield the blocks of a text that look like wrapped base64 or hex, two lines or more.

    Args:
        text: the text.
        lines: of what `lines_of_runs` gives; looked for where not given.
    """
    last_end = -1
    for begin, end in _full_lines(text) if lines is None else lines:
        if begin > last_end:
            block, last_end = _block(text, begin, end)
            if len(block.starts) > 1:
                yield block


def lines_of_runs(text: bytes, starts: _I64, ends: _I64) -> list[tuple[int, int]]:
    """Return the lines that end in so many characters of an encoding as a wrapped line has.

    Args:
        text: the text.
        starts: where its runs of characters of base64 start.
        ends: where they end.
    """
    long = np.flatnonzero(ends - starts >= _LEAST - _AT_END)
    found = set()
    for start, end in zip(starts[long].tolist(), ends[long].tolist(), strict=True):
        stop = text.find(b"\n", end, end + _AT_END)
        if stop < 0:
            continue
        begin = text.rfind(b"\n", max(stop - _MOST - 1, 0), start) + 1
        if _LEAST <= stop - begin <= _MOST:
            found.add((begin, stop))
    return sorted(found)


def _full_lines(text: bytes) -> Iterator[tuple[int, int]]:
    """Yield as `lines_of_runs`, where no runs are at hand."""
    data = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(data == 0x0A)
    if not len(ends):
        return
    begins = np.concatenate((np.zeros(1, np.int64), ends[:-1] + 1))
    sizes = ends - begins
    kept = (sizes >= _LEAST) & (sizes <= _MOST)
    begins, ends = begins[kept], ends[kept]
    for back in sorted(range(_AT_END, _LEAST), key=lambda n: (n % 8, n)):  # far apart first: most lines fail soon
        kept = _ENCODED[data[ends - back]]
        begins, ends = begins[kept], ends[kept]
        if not len(ends):
            return
    yield from zip(begins.tolist(), ends.tolist(), strict=True)


def _block(text: bytes, begin: int, end: int) -> tuple[Block, int]:
    """Join the line with those after it; return the block and where it ends."""
    line = _without_quotes(text[begin:end])
    before = len(line.rstrip(_CHARACTERS))
    joined, starts, places = bytearray(line[before:]), [0], [begin + before]
    at = end + 1
    while at < len(text):
        stop = text.find(b"\n", at)
        stop = len(text) if stop < 0 else stop
        found = _NEXT.match(text, at, stop)
        if found is None:
            break
        starts.append(len(joined))
        places.append(found.start(1))
        joined += found[1]
        at = stop + 1
        if found[1].endswith(b"=") or len(found[1]) < _LEAST - _AT_END:
            break
    return Block(bytes(joined), starts, places), at - 1


def _without_quotes(line: bytes) -> bytes:
    """Return a line without what a programming language puts behind a text that goes on: ``abc" +``."""
    line = line.rstrip(b" \t\r\\,;")
    before = line.removesuffix(b"+").rstrip(b" \t")
    return before.rstrip(b"\"'") if before.endswith((b'"', b"'")) else line
