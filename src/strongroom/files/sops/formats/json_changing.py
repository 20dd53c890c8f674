"""Values of a JSON file, changed one at a time."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from strongroom.errors import UsageError
from strongroom.files.sops.changing import Address, missing, nested
from strongroom.files.sops.formats import splice
from strongroom.files.sops.formats.json import read

_BLANK = re.compile(r"[ \t\r\n]*")


class _Member(NamedTuple):
    """A member of an object or an item of a list: where it starts with its key, where its value does, and its end."""

    key: str | int
    start: int
    value: int
    end: int


def changed(data: bytes, address: Address, value: Any) -> bytes:
    """Return the file with a value; a new one stands at the end of its object or list."""
    text = _text(data)
    at = _blank(text, 0)
    for depth, step in enumerate(address):
        members, close = _members(text, at)
        if members is None or isinstance(step, int) != (text[at] == "["):
            return _replaced(text, at, nested(address[depth:], value))
        member = next((each for each in members if each.key == step), None)
        if member is None:
            return _added(text, at, members, close, step, nested(address[depth + 1 :], value))
        at = member.value
    return _replaced(text, at, value)


def without(data: bytes, address: Address) -> bytes:
    """Return the file without a member, and without a comma beside it."""
    text = _text(data)
    at = _blank(text, 0)
    for step in address[:-1]:
        at = _step(text, at, step, address).value
    members, _ = _members(text, at)
    member = _step(text, at, address[-1], address)
    assert members is not None  # noqa: S101 - a member was found
    number = members.index(member)
    if number:
        return (text[: members[number - 1].end] + text[member.end :]).encode()
    if len(members) > 1:
        return (text[: member.start] + text[members[1].start :]).encode()
    return (text[: at + 1] + text[_blank(text, member.end) :]).encode()


def found(data: bytes, address: Address) -> bytes:
    """Return a text as it is, everything else as JSON, indented as sops does it."""
    text = _text(data)
    at = _blank(text, 0)
    for step in address:
        at = _step(text, at, step, address).value
    part = text[at : _end(text, at)]
    if part.startswith('"'):
        value: str = json.loads(part)
        return value.encode("utf-8", "replace")
    # numbers keep their digits
    written = _dumped(json.loads(part, parse_float=_Number, parse_int=_Number), "")
    return f"{written}\n".encode() if part.startswith("{") else written.encode()


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


def _dumped(value: Any, margin: str) -> str:
    inner = margin + "\t"
    if isinstance(value, dict) and value:
        members = [
            f"{inner}{json.dumps(key, ensure_ascii=False)}: {_dumped(each, inner)}" for key, each in value.items()
        ]
        return "{\n" + ",\n".join(members) + f"\n{margin}}}"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(inner + _dumped(each, inner) for each in value) + f"\n{margin}]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


def _text(data: bytes) -> str:
    read(data)  # nothing below has to think of what is no JSON
    return splice.decoded(data)


def _blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match is not None else at


def _end(text: str, at: int) -> int:
    decoder: Any = json.JSONDecoder()
    scan = decoder.scan_once
    end: int = scan(text, at)[1]
    return end


def _step(text: str, at: int, step: str | int, address: Address) -> _Member:
    members, _ = _members(text, at)
    for each in members or ():
        if each.key == step and type(each.key) is type(step):
            return each
    raise missing(address)


def _members(text: str, at: int) -> tuple[list[_Member] | None, int]:
    """Return what is in an object or a list, and where its bracket closes; None for what is neither."""
    if text[at] not in "{[":
        return None, at
    members: list[_Member] = []
    number = 0
    where = _blank(text, at + 1)
    while text[where] not in "}]":
        start = where
        key: str | int = number
        if text[at] == "{":
            end = _end(text, start)
            key = json.loads(text[start:end])
            where = _blank(text, _blank(text, end) + 1)
        end = _end(text, where)
        members.append(_Member(key, start, where, end))
        where = _blank(text, end)
        if text[where] == ",":
            where = _blank(text, where + 1)
        number += 1
    return members, where


def _replaced(text: str, at: int, value: Any) -> bytes:
    return (text[:at] + json.dumps(value, ensure_ascii=False) + text[_end(text, at) :]).encode()


def _added(text: str, at: int, members: list[_Member], close: int, step: str | int, value: Any) -> bytes:
    if isinstance(step, str) != (text[at] == "{"):
        raise UsageError("a key names a member of an object, a number an item of a list")
    name = f"{json.dumps(step, ensure_ascii=False)}: " if isinstance(step, str) else ""
    written = name + json.dumps(value, ensure_ascii=False)
    if not members:
        return (text[: at + 1] + written + text[close:]).encode()
    lead = text[at + 1 : members[0].start] or (" " if len(members) > 1 or ", " in text else "")
    end = members[-1].end
    return (text[:end] + "," + lead + written + text[end:]).encode()
