"""Values of a YAML file, changed one at a time; they are looked for in its first document, as sops does it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from strongroom.errors import DocumentError
from strongroom.files.sops.changing import Address, missing, nested
from strongroom.files.sops.document import Scalar
from strongroom.files.sops.formats import splice
from strongroom.files.sops.formats.yaml_builder import block_end
from strongroom.files.sops.formats.yaml_nodes import MAPPING, SCALAR, SEQUENCE, Node
from strongroom.files.sops.formats.yaml_scalars import block, quoted, resolve, scalar_of, written
from strongroom.files.sops.formats.yaml_tree import documents
from strongroom.model.plaintext import Plaintext

_BLANK = re.compile(r"[ \t]*")
_REST = re.compile(r"[ \t]*(?:\#[^\r\n]*)?(?:\r\n|\n|\Z)")
_STEP = 2


def changed(data: bytes, address: Address, value: Any) -> bytes:
    """Return the file with a value; a new one stands at the end of its mapping or list."""
    text, node = _root(data)
    if node.kind == SCALAR:
        lines = "\n".join(_lines(nested(address, value), 0)) + "\n"
        return (text[: node.start.index] + lines + text[node.end :].lstrip("\r\n")).encode()
    owner: Node | None = None
    for depth, step in enumerate(address):
        if (node.kind == MAPPING) != isinstance(step, str) or node.kind == SCALAR:
            return _replaced(text, node, owner, nested(address[depth:], value))
        following = _child(node, step)
        if following is None:
            return _added(text, node, step, nested(address[depth + 1 :], value))
        owner, node = node, following
    return _replaced(text, node, owner, value)


def without(data: bytes, address: Address) -> bytes:
    """Return the file without what stands at an address."""
    text, node = _root(data)
    for step in address[:-1]:
        node = _followed(node, step, address)
    child = _followed(node, address[-1], address)
    number = node.items.index(child)
    width = 2 if node.kind == MAPPING else 1
    first = node.items[number - width + 1]
    if node.flow:
        start, end = _flow_part(text, first.start.index, _end(child))
    else:
        start, end = _block_part(text, node, first, child)
    if len(node.items) == width:
        empty = "{}" if node.kind == MAPPING else "[]"
        if node.flow:
            return (text[:start] + text[end:]).encode()
        lead = text[: first.start.index] if width == 2 else text[: text.rindex("-", 0, first.start.index)]
        behind = text[_end(child) :]
        return (lead + empty + ("" if behind[:1] in "\r\n" else "\n") + behind).encode()
    return (text[:start] + text[end:]).encode()


def found(data: bytes, address: Address) -> bytes:
    """Return a text as it is, everything else as YAML."""
    text, node = _root(data)
    for step in address:
        node = _followed(node, step, address)
    if node.kind == SCALAR:
        value = _value(node)
        if value is None:
            return b"null\n"
        if value.type == "str":
            return value.data.reveal()
        return f"{written(value, '')}\n".encode()
    if node.flow or not node.items:
        return f"{text[node.start.index : _end(node)]}\n".encode()
    start = text.rfind("\n", 0, node.start.index) + 1
    lines = text[start : _line_end(text, _end(node))].split("\n")
    # the first line may have the key or the dash of what holds it in front
    lines[0] = " " * node.column + lines[0][node.start.index - start :]
    return (
        "\n".join(line[min(node.column, len(line) - len(line.lstrip())) :] for line in lines).rstrip("\n").encode()
        + b"\n"
    )


def _root(data: bytes) -> tuple[str, Node]:
    text = splice.decoded(data)
    found = documents(text)
    if isinstance(found, str):
        text = found
        found = documents(text)
    if isinstance(found, str) or not found.documents:
        raise DocumentError("the file holds no document")
    root = found.documents[0].root
    _trim(text, root)
    return text, root


def _trim(text: str, node: Node) -> None:
    """Leave the blank lines below a block scalar out of it."""
    if node.style in {"|", ">"}:
        node.end = block_end(text, node.start.index, node.end)
    for item in node.items:
        _trim(text, item)


def _value(node: Node) -> Scalar | None:
    tag = None if node.tag == "!" else node.tag
    if node.style and tag is None:
        return Scalar("str", Plaintext(node.text))
    value = resolve(node.text, tag)
    return None if value is None else scalar_of(value)


def _child(node: Node, step: str | int) -> Node | None:
    if isinstance(step, int):
        return node.items[step] if node.kind == SEQUENCE and step < len(node.items) else None
    if node.kind != MAPPING:
        return None
    pairs = iter(node.items)
    for key, value in zip(pairs, pairs, strict=True):
        if key.kind == SCALAR and key.text == step:
            return value
    return None


def _followed(node: Node, step: str | int, address: Address) -> Node:
    child = _child(node, step)
    if child is None:
        raise missing(address)
    return child


def _end(node: Node) -> int:
    """Return where the last sign of a node stands, the end exclusive."""
    if node.kind == SCALAR or node.flow or not node.items:
        return node.end
    return max(_end(item) for item in node.items)


def _line_end(text: str, at: int) -> int:
    if at and text[at - 1] == "\n":
        return at  # a block scalar ends where the next line starts
    match = _REST.match(text, at)
    return match.end() if match is not None else at


def _flow_part(text: str, start: int, end: int) -> tuple[int, int]:
    behind = re.compile(r"[ \t\r\n]*,[ \t]*").match(text, end)
    if behind is not None:
        return start, behind.end()
    before = re.compile(r",[ \t\r\n]*\Z").search(text, 0, start)
    return (before.start() if before is not None else start), end


def _block_part(text: str, node: Node, first: Node, last: Node) -> tuple[int, int]:
    end = _line_end(text, _end(last))
    at = first.start.index if node.kind == MAPPING else text.rindex("-", 0, first.start.index)
    start = text.rfind("\n", 0, at) + 1
    if text[start:at].strip():
        # the first of a mapping behind a dash: what follows moves up
        blank = _BLANK.match(text, end)
        return at, blank.end() if blank is not None else end
    return start, end


def _replaced(text: str, node: Node, owner: Node | None, value: Any) -> bytes:
    flow = node.flow or (owner is not None and owner.flow)
    end = _end(node)
    column = owner.column if owner is not None else 0
    start = node.start.index
    ends_line = text[start:end].endswith("\n")
    if flow or not isinstance(value, (dict, list)) or not value:
        new = _inline(value, node.style if node.kind == SCALAR else "", flow, column)
        if node.kind != SCALAR and not node.flow:
            start, lead = _behind_key(text, start, column)
            new = lead + new
    else:
        # a block stands below the key
        start = len(text[:start].rstrip(" \t\r\n")) if node.kind != SCALAR else len(text[:start].rstrip(" \t"))
        below = "\n".join(_lines(value, column + _STEP))
        new = f" {below.lstrip(' ')}" if owner is not None and owner.kind == SEQUENCE else f"\n{below}"
    if start == end == node.start.index:
        new = f" {new}"
    return (text[:start] + new + ("\n" if ends_line else "") + text[end:]).encode()


def _behind_key(text: str, start: int, column: int) -> tuple[int, str]:
    """Return where a value of one line goes that takes the place of a block, and what stands in front of it."""
    at = len(text[:start].rstrip(" \t\r\n"))
    if text[at - 1 : at] in {":", "-"}:
        return at, " "
    return text.rfind("\n", 0, start) + 1, " " * (column + _STEP)


def _added(text: str, node: Node, step: str | int, value: Any) -> bytes:
    if node.flow:
        key = f"{_key(str(step))}: " if isinstance(step, str) else ""
        new = key + _inline(value, "", True, 0)
        end = _end(node.items[-1]) if node.items else node.start.index + 1
        return (text[:end] + (", " if node.items else "") + new + text[end:]).encode()
    end = _line_end(text, _end(node))
    lead = "" if end == 0 or text[end - 1] == "\n" else "\n"
    body = {step: value} if isinstance(step, str) else [value]
    lines = "\n".join(_lines(body, node.column))
    return (text[:end] + lead + lines + "\n" + text[end:]).encode()


def _key(text: str) -> str:
    return written(Scalar("str", Plaintext(text)), "flow") or quoted(text)


def _inline(value: Any, style: str, flow: bool, column: int) -> str:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    if value is None:
        return "null"
    scalar = _scalar(value)
    kept = style if isinstance(value, str) and style in {"'", '"'} else ""
    return written(scalar, f"{kept} flow" if flow else kept) or block(str(value), column, _STEP, "\n")


def _scalar(value: Any) -> Scalar:
    if isinstance(value, bool):
        return Scalar("bool", Plaintext(str(value)))
    if isinstance(value, int):
        return Scalar("int", Plaintext(str(value)))
    if isinstance(value, float):
        return Scalar("float", Plaintext(repr(value)))
    return Scalar("str", Plaintext(value))


def _lines(value: Any, column: int) -> Iterator[str]:
    """Yield the lines of a mapping or a list in block style."""
    margin = " " * column
    entries = value.items() if isinstance(value, dict) else ((None, each) for each in value)
    for key, item in entries:
        head = f"{margin}-" if key is None else f"{margin}{_key(key)}:"
        if isinstance(item, (dict, list)) and item:
            lines = list(_lines(item, column + _STEP))
            if key is None:
                yield f"{head} {lines[0].lstrip(' ')}"
                yield from lines[1:]
            else:
                yield head
                yield from lines
        else:
            yield from f"{head} {_inline(item, '', False, column)}".split("\n")
