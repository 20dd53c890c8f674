"""One scan of the library for all texts of a document, and its matches as marks in those texts."""

from __future__ import annotations

import bisect
from collections.abc import Iterator

from strongroom.leaks.judging import judge_match
from strongroom.leaks.library import ASSIGNED_RULES, Library, LibraryMatch
from strongroom.leaks.recognisers.contract import Mark
from strongroom.leaks.texts import Text
from strongroom.model.finding import Confidence
from strongroom.model.place import Nature

LONG = 1 << 16
"""A longer text is scanned by itself: the library is slower on one large buffer than on several."""

SHORTEST = 8


def library_marks(library: Library, texts: list[Text]) -> Iterator[tuple[Text, Mark]]:
    """Yield the library's matches in the texts of one document."""
    batch: list[Text] = []
    for text in texts:
        if not text.scanned or len(text.value) < SHORTEST:
            continue
        if len(text.value) > LONG:
            yield from _scan(library, [text])
        else:
            batch.append(text)
    if batch:
        yield from _scan(library, batch)


def _scan(library: Library, texts: list[Text]) -> Iterator[tuple[Text, Mark]]:
    pieces: list[bytes] = []
    starts: list[int] = []
    position = 0
    for text in texts:
        name = text.candidate.name.encode("utf-8", "surrogatepass") + b": " if text.candidate.name else b""
        value = text.candidate.value.reveal()
        starts.append(position + len(name))
        pieces += (name, value, b"\n")
        position += len(name) + len(value) + 1
    for match in library.scan(b"".join(pieces)):
        index = bisect.bisect_right(starts, match.start) - 1
        if index >= 0:
            mark = _mark(match, texts[index], match.start - starts[index], match.end - starts[index])
            if mark is not None:
                yield texts[index], mark


def _mark(match: LibraryMatch, text: Text, first: int, last: int) -> Mark | None:
    value = text.candidate.value.reveal()
    if first >= len(value):
        return None  # in the name of the next one
    last = min(last, len(value))
    start, end = first, last
    if not text.value.isascii():
        start = len(value[:first].decode("utf-8", "ignore"))
        end = start + len(value[first:last].decode("utf-8", "ignore"))
    decoded = match.secret if match.encoded or match.secret != text.value[start:end] else ""
    nature, confidence, weak = judge_match(match.rule, decoded or text.value[start:end], match.confidence, match.name)
    if match.rule in ASSIGNED_RULES and (nature is not Nature.SECRET or confidence is Confidence.LOW):
        return None  # what has a name is judged by it anyhow
    return Mark(start, end, match.rule, match.what, nature, confidence, decoded, weak)
