"""The edits of one document's text: what differs between what it says and what it shall say, place by place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from strongroom.documents.places import Place
from strongroom.documents.wanted import GONE, Replaced, Unfit, same
from strongroom.documents.written import Manner
from strongroom.model.origin import FieldPath


class Change(NamedTuple):
    """Characters ``start`` to ``end`` of the text give way to another text, with `written.MARK` where text is taken."""

    start: int
    end: int
    text: str


class Places(Protocol):
    """Where values and keys are written; see `strongroom.documents.positions.Finder`."""

    def value(self, path: FieldPath) -> Place | None:
        """Return the place of a value."""

    def key(self, path: FieldPath) -> Place | None:
        """Return the place of a key."""

    def inner(self, path: FieldPath, start: int, end: int) -> Place | None:
        """Return the place of a part of a scalar."""


class Part(NamedTuple):
    """One entry of a mapping or item of a list: its step, and where it stands with its key."""

    step: str | int
    start: int
    end: int


class Editor:
    """Compares a document with what it shall say."""

    def __init__(self, text: str, places: Places, manner: Manner) -> None:
        self._text = text
        self._places = places
        self._manner = manner

    def changes(self, old: Any, new: Any) -> Iterator[Change]:
        """Yield the changes, in no order.

        Raises:
            Unfit: a place cannot be edited.
        """
        return self._value((), old, new, in_flow=self._manner.is_json)

    def _value(self, path: FieldPath, old: Any, new: Any, *, in_flow: bool) -> Iterator[Change]:
        if same(old, new):
            return
        if isinstance(new, Replaced):
            yield from self._parts(path, new)
        elif isinstance(old, dict) and isinstance(new, dict) and old and new:
            yield from self._mapping(path, old, new, in_flow=in_flow or self._sign(path) == "{")
        elif isinstance(old, list) and isinstance(new, list) and old and not _all_gone(new):
            yield from self._list(path, old, new, in_flow=in_flow or self._sign(path) == "[")
        else:
            yield self._whole(path, [] if isinstance(new, list) and _all_gone(new) else new, in_flow=in_flow)

    def _parts(self, path: FieldPath, new: Replaced) -> Iterator[Change]:
        whole = self._place(path)
        for start, end, text in new.parts:
            part = self._places.inner(path, start, end)
            if part is None or (part == whole and end - start < whole.end - whole.start):
                raise Unfit("a part of a value cannot be told from the rest")
            yield Change(part.start, part.end, text)

    def _whole(self, path: FieldPath, new: Any, *, in_flow: bool) -> Change:
        """Write a value anew."""
        place = self._place(path)
        if new in ({}, []) and not in_flow and path and self._places.key(path) is not None:
            return Change(self._colon(path) + 1, max(place.end, self._colon(path) + 1), f" {self._manner.scalar(new)}")
        if not isinstance(new, (dict, list)) or not new or in_flow:
            quote = self._text[place.start : place.start + 1]
            text = self._manner.flow(new, self._lead_of_flow(place)) if in_flow else self._scalar(new, quote)
            return Change(place.start, place.end, f" {text}" if place.start == place.end else text)
        key = self._places.key(path)
        if key is None:
            column = place.start - self._line(place.start)
            return Change(place.start, place.end, "\n".join(self._manner.block(new, column)).lstrip(" "))
        colon = self._colon(path)
        column = key.start - self._line(key.start)
        lines = [*self._manner.block({"k": new}, column)][1:]
        return Change(colon + 1, max(place.end, colon + 1), "\n" + "\n".join(lines))

    def _colon(self, path: FieldPath) -> int:
        key = self._key(path)
        colon = self._text.find(":", key.end)
        if colon < 0 or self._text[key.end : colon].strip():
            raise Unfit("a key is written in a way that cannot be edited in place")
        return colon

    def _scalar(self, new: Any, quote: str) -> str:
        keeps = isinstance(new, str) and quote in ("'", '"')
        return self._manner.scalar(new, quote if keeps else "")

    # Mappings

    def _mapping(self, path: FieldPath, old: dict[str, Any], new: dict[str, Any], *, in_flow: bool) -> Iterator[Change]:
        parts = self._entries(path, old)
        renamed = _renamed([part.step for part in parts], [*old], [*new])
        kept = {step for step in old if step in new or step in renamed}
        if not kept & {part.step for part in parts}:
            yield self._whole(path, new, in_flow=in_flow)
            return
        for step, value in old.items():
            if step in renamed:
                key = self._key((*path, step))
                yield Change(key.start, key.end, self._scalar(renamed[step], self._text[key.start]))
                yield from self._value((*path, step), value, new[renamed[step]], in_flow=in_flow)
            elif step in new:
                yield from self._value((*path, step), value, new[step], in_flow=in_flow)
        yield from self._without(parts, [part.step in kept for part in parts], in_flow=in_flow)
        anchors = {name: step for step, name in renamed.items()}
        for behind, names in _additions(old, new, anchors):
            entries = {name: new[name] for name in names}
            yield self._added(parts, kept, behind, entries, in_flow=in_flow)

    def _entries(self, path: FieldPath, old: dict[str, Any]) -> list[Part]:
        """Return the entries that are written in the mapping itself, not merged into it, as they follow each other."""
        whole = self._place(path)
        found = []
        for step in old:
            key, value = self._places.key((*path, step)), self._places.value((*path, step))
            if key is None or value is None:
                continue
            end = max(key.end, value.end if value.start >= key.end else self._alias_end(key.end))
            if whole.start <= key.start <= whole.end:
                found.append(Part(step, key.start, end))
        return sorted(found, key=lambda part: part.start)

    def _alias_end(self, at: int) -> int:
        """Return where an alias behind a key ends: its value stands elsewhere."""
        end = at
        while end < len(self._text) and self._text[end] not in ",}]#\n":
            end += 1
        return at + len(self._text[at:end].rstrip())

    def _added(
        self, parts: Sequence[Part], kept: set[str], behind: str | None, entries: dict[str, Any], *, in_flow: bool
    ) -> Change:
        before = self._surviving(parts, kept, behind)
        if in_flow:
            written = [f"{self._manner.scalar(key)}: " for key in entries]
            lead = self._own_line(parts[0].start)
            values = [self._manner.flow(value, lead) for value in entries.values()]
            between = ", " if lead is None else f",\n{lead}"
            text = between.join(map("".join, zip(written, values, strict=True)))
            if before is None:
                return Change(parts[0].start, parts[0].start, f"{text}{between}")
            return Change(before.end, before.end, f"{between}{text}")
        column = parts[0].start - self._line(parts[0].start)
        lines = [*self._manner.block(entries, column)]
        if before is None:
            return Change(parts[0].start, parts[0].start, "\n".join((*lines, " " * column)).lstrip(" "))
        at = self._line_end(before.end)
        return Change(at, at, "".join(f"\n{line}" for line in lines))

    def _surviving(self, parts: Sequence[Part], kept: set[str], behind: str | None) -> Part | None:
        """Return the entry that new ones follow: the wanted one, or the last before it that stays."""
        found = None
        for part in parts:
            if part.step in kept:
                found = part if behind is not None else None
            if part.step == behind or behind is None:
                break
        return found

    # Lists

    def _list(self, path: FieldPath, old: list[Any], new: list[Any], *, in_flow: bool) -> Iterator[Change]:
        if len(new) < len(old):
            raise Unfit("items of a list were lost")
        parts = []
        for index in range(len(old)):
            place = self._place((*path, index))
            parts.append(Part(index, place.start if in_flow else self._dash(place.start), place.end))
        stays = [item is not GONE for item in new[: len(old)]]
        more = [item for item in new[len(old) :] if item is not GONE]
        if not any(stays):
            yield self._whole(path, more, in_flow=in_flow)
            return
        for index, (before, after) in enumerate(zip(old, new, strict=False)):
            if after is not GONE:
                yield from self._value((*path, index), before, after, in_flow=in_flow)
        yield from self._without(parts, stays, in_flow=in_flow)
        if more:
            last = [part for part, stay in zip(parts, stays, strict=True) if stay][-1]
            yield self._more(parts, last, more, in_flow=in_flow)

    def _more(self, parts: Sequence[Part], last: Part, more: Sequence[Any], *, in_flow: bool) -> Change:
        if in_flow:
            lead = self._own_line(parts[0].start)
            between = ", " if lead is None else f",\n{lead}"
            return Change(last.end, last.end, "".join(f"{between}{self._manner.flow(one, lead)}" for one in more))
        column = parts[0].start - self._line(parts[0].start)
        at = self._line_end(last.end)
        return Change(at, at, "".join(f"\n{line}" for line in self._manner.block([*more], column)))

    def _dash(self, start: int) -> int:
        """Return where the dash of an item stands, on the item's own line."""
        line = self._line(start)
        dash = line + len(self._text[line:start].rstrip()) - 1
        if dash < line or self._text[dash] != "-":
            raise Unfit("a list is written in a way that cannot be edited in place")
        return dash

    # Both

    def _without(self, parts: Sequence[Part], stays: Sequence[bool], *, in_flow: bool) -> Iterator[Change]:
        """Delete the parts that do not stay, run by run."""
        index = 0
        while index < len(parts):
            end = index
            while end < len(parts) and not stays[end]:
                end += 1
            if end > index:
                before = parts[index - 1] if index else None
                behind = parts[end] if end < len(parts) else None
                yield self._run(before, parts[index:end], behind, in_flow=in_flow)
            index = end + 1

    def _run(self, before: Part | None, run: Sequence[Part], behind: Part | None, *, in_flow: bool) -> Change:
        if in_flow:
            if before is not None:
                return Change(before.end, run[-1].end, "")
            return Change(run[0].start, behind.start if behind else run[-1].end, "")
        line = self._line(run[0].start)
        if not self._text[line : run[0].start].strip():
            return Change(line, min(self._line_end(run[-1].end) + 1, len(self._text)), "")
        if behind is None or "#" in self._text[run[-1].end : behind.start]:
            raise Unfit("a first key cannot be taken away")
        return Change(run[0].start, behind.start, "")

    def _own_line(self, start: int) -> str | None:
        """Return the blanks before a part of a flow collection that begins a line; None where something else does."""
        lead = self._text[self._line(start) : start]
        return lead if not lead.strip() else None

    def _lead_of_flow(self, place: Place) -> str | None:
        """Return the blanks of the line of a value in JSON that is written over several lines; None in other flow."""
        if not self._manner.is_json or "\n" not in self._text.strip():
            return None
        line = self._text[self._line(place.start) : place.start]
        return line[: len(line) - len(line.lstrip())]

    def _line(self, at: int) -> int:
        return self._text.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        found = self._text.find("\n", at)
        return len(self._text) if found < 0 else found

    def _sign(self, path: FieldPath) -> str:
        place = self._place(path)
        return self._text[place.start : place.start + 1]

    def _place(self, path: FieldPath) -> Place:
        found = self._places.value(path)
        if found is None:
            raise Unfit("a part of the document stands elsewhere")
        return found

    def _key(self, path: FieldPath) -> Place:
        found = self._places.key(path)
        if found is None:
            raise Unfit("a key stands elsewhere")
        return found


def _all_gone(items: Sequence[Any]) -> bool:
    return all(item is GONE for item in items)


def _renamed(written: Sequence[str | int], old: Sequence[str], new: Sequence[str]) -> dict[str, str]:
    """Return the keys that others take the place of: those that follow the same key that stays."""
    here = set(written)
    gaps: dict[str | None, list[str]] = {}
    behind: str | None = None
    for name in old:
        if name in new:
            behind = name
        elif name in here:
            gaps.setdefault(behind, []).append(name)
    found: dict[str, str] = {}
    behind = None
    for name in new:
        if name in old:
            behind = name
        elif gaps.get(behind):
            found[gaps[behind].pop(0)] = name
    return found


def _additions(
    old: dict[str, Any], new: dict[str, Any], anchors: dict[str, str]
) -> Iterator[tuple[str | None, list[str]]]:
    """Yield runs of new keys, each with the old key that it follows."""
    behind: str | None = None
    run: list[str] = []
    for name in new:
        if name in old or name in anchors:
            if run:
                yield behind, run
            behind, run = anchors.get(name, name), []
        else:
            run.append(name)
    if run:
        yield behind, run
