"""The rules of a role, changed in its manifest: what does not change stays byte for byte."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from strongroom.documents.limits import Limits
from strongroom.documents.positions import Positions, Span, locate
from strongroom.documents.yaml import Document, read
from strongroom.documents.yamltext import block, flow, scalar
from strongroom.errors import DocumentError
from strongroom.model.minimise import NewRule, RuleBody
from strongroom.model.origin import FieldPath
from strongroom.model.resource import dig

Edit = tuple[int, int, str]
"""The bytes from one offset to another, and the text that takes their place."""


class Unfit(Exception):  # noqa: N818 - what is caught at once is no error of the user's
    """A manifest is written in a way that cannot be edited in place; the text says which."""


def edits(
    data: bytes, document: int, role: FieldPath, changes: Sequence[NewRule], more: Sequence[RuleBody], limits: Limits
) -> list[Edit]:
    """Return what changes in a file, in order.

    Args:
        data: the file.
        document: which of its documents holds the role.
        role: the way to it in there.
        changes: the rules that change.
        more: objects that are added at the end.
        limits: as the file was read with.

    Raises:
        Unfit: it cannot be done so that the file then says what it should.
    """
    try:
        found = _Rules(data, document, (*role, "rules"), limits).edits(changes)
    except DocumentError:
        raise Unfit("the file is not as it was read") from None
    if more:
        found.append((len(data), len(data), _appended(data, more)))
    wanted = _bodies(data, limits)
    _apply(wanted.get(document), role, changes)
    if [*_bodies(edited(data, found), limits).values()] != [*wanted.values(), *more]:
        raise Unfit("the manifest is written in a way that cannot be edited in place")
    return found


def edited(data: bytes, changes: Iterable[Edit]) -> bytes:
    """Return a file after some edits, which are in order."""
    out, at = [], 0
    for start, end, text in changes:
        out += [data[at:start], text.encode()]
        at = end
    return b"".join((*out, data[at:]))


def _bodies(data: bytes, limits: Limits) -> dict[int, object]:
    found = [*read(data, limits)]
    if not all(isinstance(one, Document) for one in found):
        raise Unfit("a part of the file cannot be read")
    return {one.index: one.body for one in found if isinstance(one, Document)}


def _apply(body: object, role: FieldPath, changes: Sequence[NewRule]) -> None:
    holder = dig(body, role)
    rules = dig(holder, ("rules",))
    if not isinstance(rules, list) or not isinstance(holder, dict):
        raise Unfit("the file is not as it was read")
    new = {change.field[1]: change.rules for change in changes}
    holder["rules"] = [rule for index, old in enumerate(rules) for rule in new.get(index, (old,))]


def _appended(data: bytes, more: Sequence[RuleBody]) -> str:
    lead = "" if data.endswith(b"\n") else "\n"
    return lead + "".join("---\n" + "".join(f"{line}\n" for line in block(body)) for body in more)


class _Rules:
    """The list of rules in one file."""

    def __init__(self, data: bytes, document: int, field: FieldPath, limits: Limits) -> None:
        self._data = data
        self._field = field
        self._lines = data.splitlines(keepends=True) if b"\r" not in data.replace(b"\r\n", b"") else []
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))
        self._positions: Positions = locate(data, document, limits)
        body = next(
            (one.body for one in read(data, limits) if isinstance(one, Document) and one.index == document), None
        )
        rules = dig(body, field)
        if not isinstance(rules, list) or not self._lines:
            raise Unfit("the file is not as it was read")
        self._rules = rules
        self._break = "\r\n" if self._lines[0].endswith(b"\r\n") else "\n"

    def edits(self, changes: Sequence[NewRule]) -> list[Edit]:
        """Return what changes."""
        new = {int(change.field[1]): change.rules for change in changes}
        after = [rule for index, old in enumerate(self._rules) for rule in new.get(index, (old,))]
        span = self._span(self._field)
        if self._at(span) in b"[{":
            found = [self._whole(span, after)]
        elif not after:
            key = self._positions.key(self._field)
            if key is None:
                raise Unfit("the rules have no key")
            found = [(self._offset(key.end_line, key.end_column) + 1, self._end(span), " []")]
        else:
            found = [edit for index, rules in new.items() for edit in self._rule(index, rules)]
        return [(start, end, text.replace("\n", self._break)) for start, end, text in _joined(found)]

    def _whole(self, span: Span, rules: Sequence[RuleBody]) -> Edit:
        """Write all rules anew, as a list of JSON, which is YAML too."""
        start, end = self._offset(span.line, span.column), self._end(span)
        if b"\n" not in self._data[start:end]:
            return start, end, json.dumps(rules)
        lead = len(self._lines[span.line - 1]) - len(self._lines[span.line - 1].lstrip())
        return start, end, json.dumps(rules, indent=2).replace("\n", "\n" + " " * lead)

    def _rule(self, index: int, rules: Sequence[RuleBody]) -> Iterator[Edit]:
        place = (*self._field, index)
        span = self._span(place)
        dash = self._lines[span.line - 1][: span.column - 1].rstrip()
        if dash.strip() != b"-":
            raise Unfit("the rules are written in a way that cannot be edited in place")
        lead = len(dash) - 1
        last = self._after(span)
        if not rules:
            yield self._starts[span.line - 1], last, ""
            return
        if self._at(span) == b"{":
            yield self._offset(span.line, span.column), self._end(span), _flow_rule(rules[0])
        else:
            yield from self._keys(place, self._rules[index], rules[0], span.column - 1)
        for rule in rules[1:]:
            lines = [*block(rule, lead + 2)]
            lines[0] = f"{' ' * lead}- {lines[0].lstrip()}"
            yield last, last, self._whole_lines(last, lines)

    def _keys(self, place: FieldPath, old: RuleBody, new: RuleBody, lead: int) -> Iterator[Edit]:
        for key, values in new.items():
            if key not in old:
                yield self._added(place, key, values, lead)
            elif values != old[key]:
                yield from self._values((*place, key), old[key], values)
        if not old.keys() <= new.keys():
            raise Unfit("a key of a rule goes")

    def _added(self, place: FieldPath, key: str, values: Sequence[str], lead: int) -> Edit:
        """Add a list behind the resources, written as they are."""
        beside = self._span((*place, "resources"))
        at = self._after(beside)
        if self._at(beside) == b"[":
            quote = self._quote(beside, 1)
            return at, at, self._whole_lines(at, [f"{' ' * lead}{key}: {flow(values, quote)}"])
        lines = [f"{' ' * (beside.column - 1)}- {scalar(value, self._quote(beside, 1))}" for value in values]
        return at, at, self._whole_lines(at, [f"{' ' * lead}{key}:", *lines])

    def _values(self, field: FieldPath, old: Sequence[str], new: Sequence[str]) -> Iterator[Edit]:
        span = self._span(field)
        quote = self._quote(span, len(old))
        if self._at(span) == b"[":
            yield self._offset(span.line, span.column), self._end(span), flow(new, quote)
        elif new and _within(new, old) and self._one_a_line(field, len(old)):
            left = [*new]
            for index, value in enumerate(old):
                if left and value == left[0]:
                    left.pop(0)
                else:
                    line = self._span((*field, index)).line
                    yield self._starts[line - 1], self._starts[line], ""
        else:
            lead = "\n" + " " * (span.column - 1)
            text = lead.join(f"- {scalar(value, quote)}" for value in new)
            yield self._offset(span.line, span.column), self._end(span), text

    def _one_a_line(self, field: FieldPath, count: int) -> bool:
        spans = [self._span((*field, index)) for index in range(count)]
        alone = len({span.line for span in spans}) == count
        return alone and all(
            span.line == span.end_line and self._lines[span.line - 1].lstrip().startswith(b"-") for span in spans
        )

    def _quote(self, span: Span, count: int) -> str:
        """Return the mark that values stand in, where all of them do."""
        text = self._data[self._offset(span.line, span.column) : self._end(span)]
        return next((mark for mark in ('"', "'") if text.count(mark.encode()) >= 2 * count), "")

    def _whole_lines(self, at: int, lines: Sequence[str]) -> str:
        ended = not at or self._data[at - 1 : at] == b"\n"
        return "".join(f"{line}\n" for line in lines) if ended else "".join(f"\n{line}" for line in lines)

    def _span(self, field: FieldPath) -> Span:
        span = self._positions.of(field)
        if span is None:
            raise Unfit("a part of a rule stands elsewhere")
        return span

    def _at(self, span: Span) -> bytes:
        at = self._offset(span.line, span.column)
        return self._data[at : at + 1]

    def _end(self, span: Span) -> int:
        return self._offset(span.end_line, span.end_column)

    def _after(self, span: Span) -> int:
        """Return where the line behind a value starts."""
        line = span.end_line - 1 if span.end_column == 1 and span.end_line > span.line else span.end_line
        return self._starts[min(line, len(self._lines))]

    def _offset(self, line: int, column: int) -> int:
        if line > len(self._lines):
            return len(self._data)
        text = self._lines[line - 1]
        mark = 3 if line == 1 and text.startswith(b"\xef\xbb\xbf") else 0
        return self._starts[line - 1] + mark + len(text[mark:].decode()[: column - 1].encode())


def _within(new: Sequence[str], old: Sequence[str]) -> bool:
    left = iter(old)
    return all(value in left for value in new)


def _flow_rule(rule: RuleBody) -> str:
    parts = (
        f"{key}: {flow(value) if isinstance(value, (list, tuple)) else scalar(value)}" for key, value in rule.items()
    )
    return "{" + ", ".join(parts) + "}"


def _joined(found: Sequence[Edit]) -> Iterator[Edit]:
    """Yield edits with those at the same place made one, in the order in which they were asked for."""
    for _, same in groupby(sorted(found, key=lambda edit: edit[:2]), key=lambda edit: edit[:2]):
        listed = [*same]
        yield listed[0][0], listed[0][1], "".join(text for _, _, text in listed)
