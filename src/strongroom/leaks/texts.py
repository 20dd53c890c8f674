"""The texts of one document as recognition sees them: which are parts of others, and where their characters stand."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from strongroom.leaks.candidates.raw import INSIDE
from strongroom.leaks.recognisers.contract import Mark
from strongroom.model.origin import FieldPath, Origin
from strongroom.model.place import Candidate, Context


class Span(NamedTuple):
    """A span in characters in the text of a field."""

    start: int
    end: int


class Text:
    """One candidate and its text.

    Attributes:
        candidate: the candidate.
        value: its text; for bytes that are not UTF-8, their Latin-1 reading, so that offsets are bytes.
        is_binary: True for such bytes.
        is_part: True where another candidate of the same field holds this one's text.
        scanned: True where its text is looked at for structure; a part as written in its whole is seen there.
        exact: True where the text stands in its field as it is, so that offsets in it can be counted.
    """

    __slots__ = ("candidate", "exact", "is_binary", "is_part", "scanned", "span", "value")

    def __init__(self, candidate: Candidate, *, is_part: bool) -> None:
        text = candidate.value.reveal_text()
        self.candidate = candidate
        self.is_binary = text is None
        self.value = candidate.value.reveal().decode("latin-1") if text is None else text
        self.is_part = is_part
        origin = candidate.origin
        written = origin.inner_end - origin.inner_start
        self.exact = not _is_encoded(candidate) and (written == len(self.value) or not (is_part or written))
        self.scanned = not self.is_binary and not (is_part and self.exact)
        start = origin.inner_start
        self.span = Span(start, start + len(self.value)) if self.exact else Span(start, origin.inner_end)

    def __repr__(self) -> str:
        return f"Text({self.candidate.context.value})"

    def claim(self, rank: int, mark: Mark) -> Claim:
        """Return the claim of a mark in this text."""
        start, end = self._field_span(mark)
        return Claim(rank, start, end, self, mark)

    def _field_span(self, mark: Mark) -> Span:
        if self.exact:
            return Span(self.span.start + mark.start, self.span.start + mark.end)
        return self.span

    def shown_span(self, mark: Mark) -> Span:
        """Return the offsets that an origin shows: none where the mark is the whole of a field."""
        if not self.exact:
            return self.span
        if not self.is_part and mark.start == 0 and mark.end == len(self.value) and self.candidate.origin.field:
            return Span(0, 0)
        return self._field_span(mark)

    def moved(self, start: int, end: int) -> Origin:
        """Return the origin of a span of a file that has no documents: its line and column are counted here."""
        origin = self.candidate.origin
        offset = start - origin.inner_start
        before = self.value[:offset]
        line, column = _after(before, origin.line, origin.column)
        end_line, end_column = _after(self.value[offset : end - origin.inner_start], line, column)
        return msgspec.structs.replace(
            origin, line=line, column=column, end_line=end_line, end_column=end_column, inner_start=start, inner_end=end
        )


def _after(text: str, line: int, column: int) -> tuple[int, int]:
    breaks = text.count("\n")
    return (line + breaks, len(text) - text.rindex("\n")) if breaks else (line, column + len(text))


def _is_encoded(candidate: Candidate) -> bool:
    """The values of a Secret's ``data`` and of ``binaryData`` stand in base64, and what is packed in others anyhow."""
    field = candidate.origin.field
    if INSIDE in field:
        return True
    if len(field) < 2:
        return False
    if candidate.context is Context.SECRET:
        return field[-2] == "data"
    return candidate.context is Context.CONFIG_MAP and field[-2] == "binaryData"


class Claim(NamedTuple):
    """What one rule says of a span of a field; the lower the rank, the more specific the rule."""

    rank: int
    start: int
    end: int
    text: Text
    mark: Mark

    def __repr__(self) -> str:
        return f"Claim({self.rank} {self.mark.rule} {self.start}-{self.end})"


def texts_of(candidates: list[Candidate]) -> list[Text]:
    """Return the texts of one document's candidates, and find out which are parts of others."""
    texts: list[Text] = []
    wholes: dict[FieldPath, Text] = {}
    for candidate in candidates:
        whole = wholes.get(candidate.origin.field)
        is_part = whole is not None and _holds(whole, candidate)
        text = Text(candidate, is_part=is_part)
        texts.append(text)
        if not is_part:
            wholes[candidate.origin.field] = text
    return texts


def _holds(whole: Text, candidate: Candidate) -> bool:
    origin, other = candidate.origin, whole.candidate.origin
    if origin.field != other.field or not (origin.inner or origin.inner_end):
        return False
    return not whole.exact or (whole.span.start <= origin.inner_start and origin.inner_end <= whole.span.end)
