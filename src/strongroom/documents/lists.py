"""Edit lists of one document: items move with their comments, come and go; everything besides stays byte for byte.

As in `strongroom.documents.edits`, the way is checked by its end: the edited text is read again, and has to say what
was wanted. What is written in a way that would not lead there is refused, never damaged.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from strongroom.documents.edits import Source
from strongroom.documents.limits import DEFAULT, Limits
from strongroom.documents.places import Place
from strongroom.documents.wanted import Taken, Unfit
from strongroom.documents.written import MARK
from strongroom.documents.yaml import Document, pieces, read
from strongroom.errors import DocumentError
from strongroom.model.origin import FieldPath
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import Copied, Piece, Sealed, Splice, Text
from strongroom.model.resource import dig

_BROUGHT = -1


class Brought(NamedTuple):
    """A value that the edit brings: as it is, and as the plan holds it."""

    value: Plaintext
    sealed: Sealed


class Listed(NamedTuple):
    """What a list shall hold: the index of an item as it was, or the body of a new one; `brought` stands for values."""

    path: FieldPath
    items: tuple[int | dict[str, Any] | str, ...]


class Edited(NamedTuple):
    """A text after an edit, and how it came to be; the splices hold no value in clear."""

    after: Plaintext
    splices: tuple[Splice, ...]


def brought(number: int) -> Taken:
    """Return what stands in the body of a new item for a value, by its place among those of `listed`."""
    return Taken(_BROUGHT, (number,))


def listed(
    data: bytes,
    wanted: Sequence[Listed],
    values: Sequence[Brought] = (),
    hidden: Sequence[FieldPath] = (),
    limits: Limits = DEFAULT,
) -> Edited:
    """Return how a file of one document comes to hold other lists.

    Args:
        data: the file as it is; YAML or JSON.
        wanted: the lists that change; none lies within an item of another that moves or goes.
        values: what new items bring, see `brought`.
        hidden: paths of scalars whose text no splice may hold in clear; comments are never held in clear.
        limits: as for `strongroom.documents.yaml.read`.

    Raises:
        Unfit: it cannot be done in place.
    """
    before = _only(data, limits)
    try:
        source = Source(data, next(chunk for chunk in pieces(data) if chunk.index == before.index), limits)
    except DocumentError:
        raise Unfit("it cannot be read") from None
    lists = _Lists(source, data, before.body, values, hidden)
    splices = tuple(sorted((s for one in wanted for s in lists.splices(one)), key=lambda one: (one.start, one.end)))
    after = _applied(data, splices, values)
    if _only(after, limits).body != _expected(before.body, wanted, values):
        raise Unfit("it is written in a way that cannot be edited in place")
    return Edited(Plaintext(after), splices)


def _only(data: bytes, limits: Limits) -> Document:
    found = list(read(data, limits))
    if len(found) != 1 or not isinstance(found[0], Document):
        raise Unfit("it is not one document")
    return found[0]


def _applied(data: bytes, splices: Sequence[Splice], values: Sequence[Brought]) -> bytes:
    clear = {value.sealed.data: value.value for value in values}
    out, at = [], 0
    for splice in splices:
        if not at <= splice.start <= splice.end:
            raise Unfit("two changes meet at one place")
        out.append(data[at : splice.start])
        for piece in splice.pieces:
            match piece:
                case Text(text):
                    out.append(text.encode())
                case Copied(start, end):
                    out.append(data[start:end])
                case Sealed(sealed):
                    out.append(clear[sealed].reveal())
        at = splice.end
    return b"".join((*out, data[at:]))


def _expected(body: Any, wanted: Sequence[Listed], values: Sequence[Brought], path: FieldPath = ()) -> Any:
    """Return what the document shall say: lists are replaced from the inside out."""
    if isinstance(body, dict):
        return {key: _expected(value, wanted, values, (*path, key)) for key, value in body.items()}
    if not isinstance(body, list):
        return body
    items = [_expected(value, wanted, values, (*path, index)) for index, value in enumerate(body)]
    asked = next((one for one in wanted if one.path == path), None)
    if asked is None:
        return items
    return [items[one] if isinstance(one, int) else _revealed(one, values) for one in asked.items]


def _revealed(body: Any, values: Sequence[Brought]) -> Any:
    if isinstance(body, Taken):
        return values[int(body.field[0])].value.reveal_text()
    if isinstance(body, dict):
        return {key: _revealed(value, values) for key, value in body.items()}
    if isinstance(body, list):
        return [_revealed(value, values) for value in body]
    return body


class _Lists:
    """The lists of one document."""

    def __init__(
        self, source: Source, data: bytes, body: Any, values: Sequence[Brought], hidden: Sequence[FieldPath]
    ) -> None:
        self._source, self._text, self._data, self._body, self._values = source, source.text, data, body, values
        self._manner = source.manner(lambda taken: int(taken.field[0]))
        self._hidden = [place for path in hidden if (place := source.finder.value(path)) is not None]

    def splices(self, wanted: Listed) -> Iterator[Splice]:
        whole = self._place(wanted.path)
        count = len(dig(self._body, wanted.path) or ())
        is_flow = self._source.is_json or self._text[whole.start : whole.start + 1] == "["
        if not count or not wanted.items:
            raise Unfit("a list is empty")
        slots = self._flow_slots(wanted.path, count) if is_flow else self._block_slots(wanted.path, count)
        if not is_flow:
            column = self._column(wanted.path)
            yield from self._block(wanted.items, slots, column)
            return
        yield from self._flow(wanted.items, slots)

    # Where items stand

    def _flow_slots(self, path: FieldPath, count: int) -> list[Place]:
        return [self._place((*path, index)) for index in range(count)]

    def _block_slots(self, path: FieldPath, count: int) -> list[Place]:
        """Return the lines of each item, its comments included, without the last line end."""
        dashes = [self._dash((*path, index)) for index in range(count)]
        column = self._column(path)
        ends = [self._line_end(self._place((*path, index)).end) for index in range(count)]
        ends = [self._with_comments(end, column) for end in ends]
        starts = [self._above(self._line(dash), column, ends[i - 1] if i else 0) for i, dash in enumerate(dashes)]
        slots = [Place(start, end) for start, end in zip(starts, ends, strict=True)]
        if any(one.end >= other.start for one, other in pairwise(slots)):
            raise Unfit("a list is written in a way that cannot be edited in place")
        return slots

    def _column(self, path: FieldPath) -> int:
        dash = self._dash((*path, 0))
        return dash - self._line(dash)

    def _dash(self, path: FieldPath) -> int:
        start = self._place(path).start
        line = self._line(start)
        lead = self._text[line:start].rstrip()
        if lead.strip() != "-":
            raise Unfit("a list is written in a way that cannot be edited in place")
        return line + len(lead) - 1

    def _above(self, line: int, column: int, floor: int) -> int:
        """Return where the comments begin that stand directly above a line, no deeper than its dash."""
        while line > floor + 1:
            above = self._line(line - 1)
            text = self._text[above : line - 1]
            if not text.lstrip().startswith("#") or len(text) - len(text.lstrip()) > column:
                break
            line = above
        return line

    def _with_comments(self, end: int, column: int) -> int:
        """Return where an item ends with the comments that stand below it, deeper than its dash."""
        while end < len(self._text):
            below = self._line_end(end + 1)
            text = self._text[end + 1 : below]
            if not text.lstrip().startswith("#") or len(text) - len(text.lstrip()) <= column:
                break
            end = below
        return end

    # How they change

    def _block(self, items: Sequence[Any], slots: Sequence[Place], column: int) -> Iterator[Splice]:
        def content(item: Any) -> list[Piece]:
            if isinstance(item, int):
                return self._moved(slots[item])
            return self._new("\n".join(self._manner.block([item], column)))

        anchors = _anchors(items)
        first, newline = slots[anchors[0]], self._new("\n")
        for behind, run in _runs(items, anchors):
            if behind is None:
                at = first.start
                added = [piece for item in run for piece in (*content(item), *newline)]
            else:
                at = slots[behind].end
                added = [piece for item in run for piece in (*newline, *content(item))]
            yield self._splice(at, at, added)
        for index, slot in enumerate(slots):
            if index not in anchors and slot.end < len(self._text):
                yield self._splice(slot.start, slot.end + 1, ())
            elif index not in anchors:
                yield self._splice(slot.start - 1, slot.end, ())

    def _flow(self, items: Sequence[Any], slots: Sequence[Place]) -> Iterator[Splice]:
        lead: str | None = self._text[self._line(slots[0].start) : slots[0].start]
        lead = None if lead is None or lead.strip() else lead
        between = self._new(", " if lead is None else f",\n{lead}")
        anchors = _anchors(items)

        def content(item: Any) -> list[Piece]:
            return self._moved(slots[item]) if isinstance(item, int) else self._new(self._manner.flow(item, lead))

        for behind, run in _runs(items, anchors):
            if behind is None:
                at = slots[anchors[0]].start
                added = [piece for item in run for piece in (*content(item), *between)]
            else:
                at = slots[behind].end
                added = [piece for item in run for piece in (*between, *content(item))]
            yield self._splice(at, at, added)
        for index, slot in enumerate(slots):
            if index in anchors:
                continue
            if index < anchors[0]:
                yield self._splice(slot.start, slots[index + 1].start, ())
            else:
                yield self._splice(slots[index - 1].end, slot.end, ())

    # Pieces

    def _moved(self, slot: Place) -> list[Piece]:
        """Return the text of an item as it was; comments and hidden values by their place only."""
        found: list[Piece] = []
        at = slot.start
        for start, end in self._unseen(slot):
            if start > at:
                found.append(Text(self._raw(at, start)))
            found.append(self._source.span(start, end))
            at = end
        if at < slot.end:
            found.append(Text(self._raw(at, slot.end)))
        return found

    def _unseen(self, slot: Place) -> list[tuple[int, int]]:
        spans = [(place.start, place.end) for place in self._hidden if slot.start <= place.start < slot.end]
        sign = self._text.find("#", slot.start, slot.end) if not self._source.is_json else -1
        while sign >= 0:
            end = min(self._line_end(sign), slot.end)
            spans.append((sign, end))
            sign = self._text.find("#", end, slot.end)
        found: list[tuple[int, int]] = []
        for start, end in sorted(spans):
            if found and start <= found[-1][1]:
                found[-1] = (found[-1][0], max(end, found[-1][1]))
            else:
                found.append((start, end))
        return found

    def _new(self, text: str) -> list[Piece]:
        found: list[Piece] = []
        for number, part in enumerate(MARK.split(text.replace("\n", "\r\n") if self._source.crlf else text)):
            if number % 2:
                quote: list[Piece] = [Text('"')] if self._source.is_json else []
                found += [*quote, self._values[int(part)].sealed, *quote]
            elif part:
                found.append(Text(part))
        return found

    def _raw(self, start: int, end: int) -> str:
        span = self._source.span(start, end)
        return self._data[span.start : span.end].decode()

    def _splice(self, start: int, end: int, added: Sequence[Piece]) -> Splice:
        span = self._source.span(start, end)
        return Splice(span.start, span.end, tuple(added))

    def _place(self, path: FieldPath) -> Place:
        found = self._source.finder.value(path)
        if found is None:
            raise Unfit("a part of the document stands elsewhere")
        return found

    def _line(self, at: int) -> int:
        return self._text.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        found = self._text.find("\n", at)
        return len(self._text) if found < 0 else found


def _anchors(items: Sequence[Any]) -> list[int]:
    """Return the items that stay where they are: the longest run of them in their old order, the first such.

    Raises:
        Unfit: none stays.
    """
    kept = [item for item in items if isinstance(item, int)]
    best: list[list[int]] = []
    for item in kept:
        at = bisect_left([run[-1] for run in best], item)
        run = [*(best[at - 1] if at else []), item]
        best[at : at + 1] = [run]
    if not best:
        raise Unfit("nothing of a list stays")
    return best[-1]


def _runs(items: Sequence[Any], anchors: Sequence[int]) -> Iterator[tuple[int | None, list[Any]]]:
    """Yield runs of what comes in, each with the item that it follows; None for what comes first."""
    behind: int | None = None
    run: list[Any] = []
    for item in items:
        if isinstance(item, int) and item in anchors:
            if run:
                yield behind, run
            behind, run = item, []
        else:
            run.append(item)
    if run:
        yield behind, run
