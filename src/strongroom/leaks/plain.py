"""The library's rules over the raw text of a file, whatever the file is."""

from __future__ import annotations

import bisect
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from strongroom.leaks.judging import judge_match
from strongroom.leaks.library import ASSIGNED_RULES, Library, human_name, utf8_name
from strongroom.model.finding import Confidence
from strongroom.model.place import Nature
from strongroom.model.plaintext import Plaintext

if TYPE_CHECKING:
    from kingfisher_sdk import Finding, ScanInput, Scanner

MANIFEST_RULE = "betterleaks.kubernetes-secret-yaml"
"""Finds a Secret manifest as such; where its values are read one by one it says nothing new."""

WINDOW = 1 << 19
"""Bytes by which one window follows another: the library is slower on large buffers than on several of this size."""
OVERLAP = 1 << 15
"""Bytes that two windows share: each match has at least half of it before and behind it."""

_CONFIDENCES = {"low": Confidence.LOW, "medium": Confidence.MEDIUM, "high": Confidence.HIGH}


class PlainMatch(msgspec.Struct, frozen=True, eq=False):
    """One match in raw text.

    Attributes:
        start, end: offsets in bytes.
        rule, what, confidence: as the library gives them.
        nature: what it is: where a password stands there may be a stand-in, and some rules find identifiers.
        value: the secret, decoded where it stood in base64.
        encoded: it stood in base64.
    """

    start: int
    end: int
    rule: str
    what: str
    confidence: Confidence
    nature: Nature
    value: Plaintext
    encoded: bool


class PlainText:
    """Scans raw text with the semantics of the Kingfisher command line; safe to use from several threads.

    Args:
        library: the rules.

    Attributes:
        keep: called with the library's own matches of each text that has any.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._scanner: Scanner | None = None
        self._input: type[ScanInput]
        self.keep: Callable[[Sequence[Finding]], None] | None = None

    def load(self) -> None:
        """Make the scanner; loads the library's rules where that is still to be done.

        Raises:
            StrongroomError: the library's rules could not be loaded.
        """
        from kingfisher_sdk import DetectionPolicy, ScanInput, Scanner

        self._input = ScanInput
        policy = DetectionPolicy(inline_ignores=False)  # comments that accept a finding are read by leaks.allow
        self._scanner = Scanner(self._library.scanner().rules, policy=policy)

    def scan(self, path: str, data: bytes) -> list[PlainMatch]:
        """Return the matches in a text, ordered by place; a text larger than a window is better cut by `windows`.

        Args:
            path: the file's path: some rules ask for a suffix.
            data: the text.

        Raises:
            StrongroomError: the library's rules could not be loaded.
        """
        if self._scanner is None:
            self.load()
        scanner = self._scanner
        if scanner is None:
            raise AssertionError("load makes the scanner")
        found = scanner.scan_input(self._input(utf8_name(path), data))
        if not found:
            return []
        if self.keep:
            self.keep(found)
        return sorted(_matches(one for one in found if one.visible), key=_place)


class Window(msgspec.Struct, frozen=True):
    """A part of a large text, and where it stands in it.

    Attributes:
        line, column: of its first character, from 1.
        first, last: offsets in ``data`` between which a match must start, so that neighbours do not give it too.
    """

    data: bytes
    line: int
    column: int
    first: int
    last: int


def windows(stream: BinaryIO) -> Iterator[Window]:
    """Yield the windows of a stream; only one is held in memory."""
    data, line, column, first = stream.read(WINDOW + OVERLAP), 1, 1, 0
    while True:
        more = stream.read(WINDOW)
        last = WINDOW + OVERLAP // 2 if more else len(data) + 1
        yield Window(data, line, column, first, last)
        if not more:
            return
        passed = data[:WINDOW]
        breaks = passed.count(b"\n")
        tail = len(passed[passed.rfind(b"\n") + 1 :].decode("utf-8", "ignore"))
        line, column = line + breaks, tail + (1 if breaks else column)
        data, first = data[WINDOW:] + more, OVERLAP // 2


def _place(match: PlainMatch) -> tuple[int, int, str]:
    return match.start, match.end, match.rule


def _matches(found: Iterable[Finding]) -> Iterator[PlainMatch]:
    """Yield matches; those of one rule and one value share what was made of it, which is the work."""
    known: dict[tuple[str, str, str, str, bool], PlainMatch] = {}
    for finding in found:
        where, secret, rule = finding.location, finding.secret, finding.rule_id
        name = finding.captures.get("name", "") if rule in ASSIGNED_RULES else ""
        what = (rule, secret, finding.confidence, name, finding.is_base64_encoded)
        start, end = where["start_offset"], where["end_offset"]
        match = known.get(what)
        if match is None:
            match = known[what] = _match(finding, name, start, end)
        else:
            match = msgspec.structs.replace(match, start=start, end=end)
        yield match


def _match(finding: Finding, name: str, start: int, end: int) -> PlainMatch:
    secret, rule = finding.secret, finding.rule_id
    confidence = _CONFIDENCES.get(finding.confidence, Confidence.MEDIUM)
    nature, confidence, _ = judge_match(rule, secret, confidence, name)
    return PlainMatch(
        start=start,
        end=end,
        rule=rule,
        what=human_name(rule, finding.rule_name),
        confidence=confidence,
        nature=nature,
        value=Plaintext(secret),
        encoded=finding.is_base64_encoded,
    )


_FAR = 4096
_BREAK = re.compile(rb"\n")
_END = re.Match.end


class Lines:
    """Turns byte offsets of a text into lines and columns, both from 1; columns count characters."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._starts: list[int] | None = None
        self._counted = (0, 0, 0)

    def at(self, offset: int) -> tuple[int, int]:
        """Return line and column of an offset."""
        starts = self._starts = self._starts or _starts(self._data)
        line = max(bisect.bisect_right(starts, offset), 1)
        before, start, column = self._counted
        if before != line or offset < start:
            start, column = starts[line - 1], 0
        column += len(self._data[start:offset].decode("utf-8", "replace"))
        if offset - start > _FAR:  # the next one on a line of megabytes is counted from here
            self._counted = (line, offset, column)
        return line, column + 1

    def text(self, line: int, limit: int) -> str:
        """Return a line without its end; empty where it is longer than a limit."""
        starts = self._starts = self._starts or _starts(self._data)
        if not 0 < line <= len(starts):
            return ""
        end = starts[line] if line < len(starts) else len(self._data)
        if end - starts[line - 1] > limit:
            return ""
        return self._data[starts[line - 1] : end].decode("utf-8", "replace").rstrip("\r\n")


def _starts(data: bytes) -> list[int]:
    return [len(BOM_UTF8) if data.startswith(BOM_UTF8) else 0, *map(_END, _BREAK.finditer(data))]
