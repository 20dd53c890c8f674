"""Known values in a scan: small files are searched together, places are joined with what the rules found."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import msgspec

from strongroom.leaks.known import BATCH, KnownMatch, KnownValues
from strongroom.leaks.plain import Lines
from strongroom.model.finding import Confidence, Finding, Related
from strongroom.model.leak import MASK, entropy
from strongroom.model.origin import Origin
from strongroom.model.place import Nature
from strongroom.model.plaintext import Fingerprint
from strongroom.survey.scanning.hit import Hit
from strongroom.survey.scanning.join import Spans
from strongroom.survey.scanning.known_file import KnownValue
from strongroom.survey.scanning.page import rotate

RULE = "known-value"
_MOST_TOLD = 1 << 12
"""Bytes whose entropy is told: what holds a value compressed may be large."""


class Known(msgspec.Struct, frozen=True):
    """What is looked for, and what is said of it.

    Attributes:
        values: the search.
        by_fingerprint: what is known of each value, by each of its fingerprints: a value and the same one with a line
            break behind it are one.
        notes: how it came about, for the coverage of the report.
    """

    values: KnownValues
    by_fingerprint: dict[Fingerprint, KnownValue]
    notes: tuple[str, ...]


class Text(NamedTuple):
    """A text that is searched, and where it is from.

    Attributes:
        number: what tells its results from others, such as the number of a version in a history.
        line, column: of its first character.
        first, last: offsets between which a match must start.
    """

    number: int
    path: str
    data: bytes
    origin: Origin
    line: int = 1
    column: int = 1
    first: int = 0
    last: int = 1 << 62

    def __repr__(self) -> str:
        return f"Text({self.path})"


class KnownScan:
    """Searches the texts of one run; used by its threads.

    Args:
        known: what is looked for.
        frame: makes of a line and a column what a report may show.
        accepted: given the hits of one text, leaves out what its comments accept.
    """

    def __init__(
        self, known: Known, frame: Callable[[str, int], str], accepted: Callable[[Text, list[Hit]], list[Hit]]
    ) -> None:
        self.known = known
        self._frame = frame
        self._accepted = accepted
        self._lock = threading.Lock()
        self._waiting: list[Text] = []
        self._size = 0
        self._found: list[tuple[int, Hit]] = []

    def later(self, text: Text) -> None:
        """Search a text together with others; `finish` gives what was found."""
        with self._lock:
            self._waiting.append(text)
            self._size += len(text.data)
            if self._size < BATCH:
                return
            batch, self._waiting, self._size = self._waiting, [], 0
        found = self._search(batch)
        with self._lock:
            self._found += found

    def finish(self) -> list[tuple[int, Hit]]:
        """Return what was found in the texts given so far, each with its text's number."""
        batch, self._waiting, self._size = self._waiting, [], 0
        found, self._found = [*self._found, *self._search(batch)], []
        return found

    def now(self, text: Text) -> list[Hit]:
        """Return what one text holds."""
        return [hit for _, hit in self._search([text])]

    def _search(self, texts: list[Text]) -> list[tuple[int, Hit]]:
        matches: dict[int, list[KnownMatch]] = {}
        for index, match in self.known.values.search_all((i, text.data) for i, text in enumerate(texts)):
            if texts[index].first <= match.start < texts[index].last:
                matches.setdefault(index, []).append(match)
        found = []
        for index, some in matches.items():
            text = texts[index]
            found += [(text.number, hit) for hit in self._accepted(text, list(self._hits(text, some)))]
        return found

    def _hits(self, text: Text, matches: Iterable[KnownMatch]) -> Iterator[Hit]:
        lines = Lines(text.data)
        for match in matches:
            one = self.known.by_fingerprint[match.fingerprint]
            first, start = lines.at(match.start)
            last, end = lines.at(match.end)
            yield Hit(
                fingerprint=one.fingerprint,
                rule=RULE,
                what=one.what,
                nature=Nature.SECRET,
                confidence=Confidence.HIGH,
                masked=MASK,
                entropy=entropy(text.data[match.start : min(match.end, match.start + _MOST_TOLD)]),
                origin=msgspec.structs.replace(
                    text.origin,
                    line=first + text.line - 1,
                    column=start + (text.column - 1 if first == 1 else 0),
                    end_line=last + text.line - 1,
                    end_column=end + (text.column - 1 if last == 1 else 0),
                ),
                frame=self._frame(lines.text(first, 1000), start),
                encoded=bool(match.encoding),
                encoding=match.encoding,
            )


def joined_with_known(hits: Iterable[Hit], known: Known) -> list[Hit]:
    """Join what rules found with known values: one value has one fingerprint, and one place is named once.

    A rule knows more of the place, and so its hit is kept; the search knows which value it is.
    """
    hits = [_canonical(hit, known.by_fingerprint) for hit in hits]
    by_rules: dict[tuple[str, str, Fingerprint], list[Hit]] = {}
    for hit in hits:
        if hit.rule != RULE and hit.nature is Nature.SECRET:
            by_rules.setdefault(_file_of(hit), []).append(hit)
    named = {file: Spans(some) for file, some in by_rules.items()}
    return [
        hit for hit in hits if hit.rule != RULE or (spans := named.get(_file_of(hit))) is None or not spans.overlap(hit)
    ]


def _canonical(hit: Hit, known: dict[Fingerprint, KnownValue]) -> Hit:
    one = known.get(hit.fingerprint)
    if one is None:
        return hit
    return msgspec.structs.replace(hit, fingerprint=one.fingerprint, nature=Nature.SECRET, confidence=Confidence.HIGH)


def _file_of(hit: Hit) -> tuple[str, str, Fingerprint]:
    return hit.origin.path, hit.origin.commit, hit.fingerprint


def marked(finding: Finding, known: Known) -> Finding:
    """Say of a finding whose value the inventory has that it is live: which Secret it is, and who uses it."""
    one = known.by_fingerprint.get(finding.value) if finding.value is not None else None
    if one is None or finding.leak is None:
        return finding
    live = tuple(owner.show() for owner in one.owners)
    consumers = tuple(dict.fromkeys(user for owner in one.owners for user in owner.consumers))
    used = f", used by {', '.join(consumers)}" if consumers else ""
    related = tuple(
        Related(Origin("inventory", "", object=owner.object), f"the inventory has this value: {owner.show()}")
        for owner in one.owners
    )
    leak = msgspec.structs.replace(finding.leak, live=live, consumers=consumers)
    return msgspec.structs.replace(
        finding,
        message=f"{finding.message}; live: {'; '.join(live)}{used}",
        leak=msgspec.structs.replace(leak, todo=(rotate(leak), *leak.todo[1:])),
        related=(*finding.related, *related),
    )
