"""Known-value search: where a text holds a value that the inventory knows, whatever the value looks like."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol, TypeVar

from strongroom.model.plaintext import Fingerprint

_T = TypeVar("_T")

BATCH = 1 << 20
"""Small texts are searched together, so many bytes at once: what a search costs for itself is spread over them."""

_DEPTH = 2
"""Compressed text is searched, and what that holds compressed: Helm keeps files of a chart so."""

_BETWEEN = b"\n\0\n"
"""Stands between the texts of a batch: no encoding goes over it."""


class KnownMatch(NamedTuple):
    """A known value in a text: byte offsets, the value's fingerprint, how it is written (empty where as it is)."""

    start: int
    end: int
    fingerprint: Fingerprint
    encoding: str


class Search(Protocol):
    """One way to search; may be used by several threads at once."""

    def search(self, text: bytes) -> Iterator[KnownMatch]:
        """Yield the matches in a text, each place and value once, in no particular order."""
        ...

    def __len__(self) -> int:
        """How many values it looks for."""
        ...


class KnownValues:
    """The values that one run looks for.

    Args:
        searches: values in memory (`leaks.known_windows`), a fingerprint file (`leaks.known_tokens`).
    """

    def __init__(self, searches: Iterable[Search]) -> None:
        self._searches = tuple(search for search in searches if len(search))

    def __len__(self) -> int:
        return sum(map(len, self._searches))

    def search(self, text: bytes) -> Iterator[KnownMatch]:
        """Yield the known values in a text, by where they start."""
        yield from sorted(_outermost(self._in(text, _DEPTH)))

    def _in(self, text: bytes, depth: int) -> set[KnownMatch]:
        from strongroom.leaks.known_packed import packed  # brings numpy: a tenth of a second for who knows no value

        found = {match for search in self._searches for match in search.search(text)}
        for part in packed(text) if depth else ():
            for match in self._in(part.text, depth - 1):
                encoding = f"{part.label}, {match.encoding}".removesuffix(", ")
                found.add(KnownMatch(part.start, part.end, match.fingerprint, encoding))
        return found

    def search_all(self, texts: Iterable[tuple[_T, bytes]]) -> Iterator[tuple[_T, KnownMatch]]:
        """Search many texts; much faster than one by one where they are small.

        Args:
            texts: each with whatever names it, which comes back with its matches.
        """
        names: list[_T] = []
        batch: list[bytes] = []
        size = 0
        for name, text in texts:
            names.append(name)
            batch.append(text)
            size += len(text)
            if size >= BATCH:
                yield from self._search_batch(names, batch)
                names, batch, size = [], [], 0
        yield from self._search_batch(names, batch)

    def _search_batch(self, names: list[_T], batch: list[bytes]) -> Iterator[tuple[_T, KnownMatch]]:
        if len(batch) == 1:
            yield from ((names[0], match) for match in self.search(batch[0]))
            return
        starts, at = [], 0
        for text in batch:
            starts.append(at)
            at += len(text) + len(_BETWEEN)
        for match in self.search(_BETWEEN.join(batch)):
            which = bisect_right(starts, match.start) - 1
            start = starts[which]
            if match.end - start <= len(batch[which]):
                yield names[which], match._replace(start=match.start - start, end=match.end - start)

    def __repr__(self) -> str:
        return f"KnownValues({len(self)})"


def _outermost(found: set[KnownMatch]) -> Iterator[KnownMatch]:
    """Leave out a second reading of the same span: text that means the same with and without its escapes."""
    spans: dict[tuple[int, int, Fingerprint], KnownMatch] = {}
    for match in found:
        span = (match.start, match.end, match.fingerprint)
        if span not in spans or match.encoding < spans[span].encoding:
            spans[span] = match
    yield from spans.values()
