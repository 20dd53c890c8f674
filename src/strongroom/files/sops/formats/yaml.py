"""YAML: read with the place of every value, written by putting new texts into these places."""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any, Final

from strongroom.errors import DocumentError
from strongroom.files.sops.document import Block, Document, Leaf, Scalar, Seal
from strongroom.files.sops.envelope import PREFIX
from strongroom.files.sops.formats import flow, splice, yaml_lines
from strongroom.files.sops.formats.splice import Edit, spliced
from strongroom.files.sops.formats.yaml_builder import ALONE, Builder
from strongroom.files.sops.formats.yaml_scalars import block, is_plain, quoted, written
from strongroom.files.sops.metadata import KEY

_INDENT: Final = 4
"""sops' own indentation (``IndentDefault``)."""

_FIRST_LINE: Final = re.compile(rb"( *)[^\r\n]*\r?\n( +)[^\s]")
_HEADER: Final = re.compile(rb"[|>][-+0-9]*(?=[ \t\r\n])((?:[ \t]+#[^\r\n]*)?)")
_DOCUMENT_START: Final = re.compile(rb"^---", re.MULTILINE)
_BLANK_BELOW: Final = re.compile(rb"[ \t]*(?:#[^\n]*)?(?:\r?\n[ \t]*(?:\r?\n|\Z)|\Z)")
_REST_OF_LINE: Final = re.compile(rb"[ \t]*(?:#[^\r\n]*)?")
_COMMENT: Final = re.compile(r"(?:^|[ \t])\#", re.MULTILINE)


def read(data: bytes, encrypted: bool) -> Document:
    """Return the leaves of a file.

    Raises:
        DocumentError: not YAML, or not as SOPS takes it: mappings with texts as keys.
        LimitError: larger or deeper than the limits allow.
    """
    del encrypted
    text = _decoded(data)
    builder = _build(text)
    if isinstance(builder, str):
        text = builder
        builder = _build(text)
        if isinstance(builder, str):
            raise DocumentError("aliases that lead to aliases without end")
    return splice.document(text, builder.leaves, builder.metadata, builder.blocks)


def _decoded(data: bytes) -> str:
    if not data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return splice.decoded(data).removeprefix("\ufeff")
    try:
        return data.decode("utf-16").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise DocumentError(f"not valid utf-16 at byte {error.start}") from None


def _build(text: str) -> Builder | str:
    """Return what a text holds, or the text that takes its place where aliases have to be replaced."""
    plain = yaml_lines.build(text)
    if plain is not None:
        return plain
    import yaml

    from strongroom.files.sops.formats import yaml_events

    try:
        if "#" not in text or not _COMMENT.search(text):
            with suppress(yaml_events.AliasFound):
                return yaml_events.build(text)
        from strongroom.files.sops.formats import yaml_tree

        return yaml_tree.build(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (None, None)
        raise DocumentError("not valid yaml", line=line, column=column) from None


_BELOW_BLOCK = re.compile(rb"(?:[ \t]*\r?\n)*+( *+)#")
_BELOW = re.compile(rb"[^\n]*+\n(?:[ \t]*\r?\n)*+( *+)#")


def write(document: Document, replacements: dict[int, Scalar], seal: Seal | None) -> bytes:
    """Return a file with some leaves replaced and with these metadata, or with none."""
    data = document.data.reveal()
    newline = "\r\n" if b"\r\n" in data[:4096] else "\n"
    step = _step(document)
    edits: list[Edit] = []
    for index, scalar in replacements.items():
        leaf = document.leaves[index]
        if scalar.type == "comment" and leaf.style != "#":
            edits.append(_as_comment(data, leaf, scalar, newline))
        else:
            edits += _texts(data, leaf, scalar, step, newline)
    for number, each in enumerate(document.blocks):
        if seal is not None:
            edits.append(_sealing(data, each, seal, number, newline))
        elif each.mac is not None or each.start != each.end:
            edits.append(_unsealing(data, each, newline, _ends_in_block(document, replacements)))
    if seal is not None:
        edits += _stripped(data, document, replacements)
    return spliced(data, edits)


def _last(document: Document) -> int | None:
    """Return the leaf that stands last."""
    indexes = range(len(document.leaves))
    return max(indexes, key=lambda index: document.leaves[index].end, default=None)


def _ends_in_block(document: Document, replacements: dict[int, Scalar]) -> bool:
    """Tell whether a line break at the end of the file may be part of a value."""
    last = _last(document)
    if last is None:
        return False
    leaf, scalar = document.leaves[last], replacements.get(last)
    if scalar is None:
        return leaf.style[:1] in {"|", ">"}
    return leaf.style != "#" and scalar.type == "str" and written(scalar, leaf.style) is None


def _stripped(data: bytes, document: Document, replacements: dict[int, Scalar]) -> list[Edit]:
    """A block at the end of a file without a line break has none in its value; behind it there will be one now."""
    last = _last(document)
    if last is None or last in replacements or data.endswith(b"\n"):
        return []
    leaf = document.leaves[last]
    if leaf.style[:1] not in {"|", ">"} or leaf.end != len(data):
        return []
    header = _HEADER.search(data, leaf.start, leaf.end)
    if header is None or b"-" in header[0].split(b"#")[0]:
        return []
    sign = data[header.start() : header.start(1)].replace(b"+", b"") + b"-"
    return [(header.start(), header.start(1), sign)]


def _texts(data: bytes, leaf: Leaf, scalar: Scalar, step: int, newline: str) -> list[Edit]:
    """Return what takes the place of a leaf; of a block, its header and its lines apart: between them is a comment."""
    if leaf.style == "#":
        return [(leaf.start, leaf.end, scalar.data.reveal())]
    text = written(scalar, leaf.style)
    below = None
    if text is None and scalar.data.reveal().endswith(b"\n\n") and _BLANK_BELOW.match(data, leaf.end):
        # blank lines below would become part of a value that ends with blank lines
        text = quoted(scalar.data.reveal().decode())
    if text is None and _comment_below(data, leaf.end) >= leaf.column + step:
        # a comment that stands so deep would become part of the block
        text = quoted(scalar.data.reveal().decode())
    if text is None:
        lines = block(scalar.data.reveal().decode(), leaf.column, step, newline)
        text, _, below = lines.partition(newline)
    # a value where there was nothing but the colon
    head = (f" {text}" if leaf.start == leaf.end else text).encode("utf-8", "surrogateescape")
    body = b"" if below is None else (newline + below).encode()
    if leaf.style[:1] in {"|", ">"}:
        return _for_block(data, leaf, head, body, newline)
    if below is None:
        return [(leaf.start, leaf.end, head)]
    rest = _REST_OF_LINE.match(data, leaf.end)
    line_end = rest.end() if rest is not None else leaf.end
    return [(leaf.start, leaf.end, head), (line_end, line_end, body)]


def _comment_below(data: bytes, end: int) -> int:
    """Return the column of a comment on the lines below a value; -1 where something else comes next."""
    found = (_BELOW_BLOCK if data[end - 1 : end] == b"\n" else _BELOW).match(data, end)
    return -1 if found is None else len(found[1])


def _for_block(data: bytes, leaf: Leaf, head: bytes, body: bytes, newline: str) -> list[Edit]:
    header = _HEADER.search(data, leaf.start, leaf.end)
    if header is None:
        return [(leaf.start, leaf.end, head + body)]
    # a block ends where the next line starts
    end = newline.encode() if data[leaf.start : leaf.end].endswith(b"\n") else b""
    return [(leaf.start, header.start(1), head), (header.end(1), leaf.end, body + end)]


def _as_comment(data: bytes, leaf: Leaf, scalar: Scalar, newline: str) -> Edit:
    """Write as a comment what sops wrote as an item of a list: it encrypts comments there so."""
    dash = data.rfind(b"-", 0, leaf.start)
    if "flow" in leaf.style or dash < 0 or data[dash + 1 : leaf.start].strip():
        raise DocumentError(f"an encrypted comment where none can stand, at {'.'.join(map(str, leaf.address))}")
    text = b"#" + scalar.data.reveal()
    if leaf.style == ALONE:
        text = f"[]{newline}{' ' * leaf.column}".encode() + text
    return dash, leaf.end, text


def _step(document: Document) -> int:
    columns = sorted({leaf.column for leaf in document.leaves if "flow" not in leaf.style})
    steps = [b - a for a, b in pairwise(columns) if 2 <= b - a <= 8]
    return min(steps, default=2)


def _sealing(data: bytes, each: Block, seal: Seal, number: int, newline: str) -> Edit:
    if each.style == "flow":
        return flow.sealing(data, each, seal)
    text = flow.renewed(seal, number, each.style)
    if text is None:
        lines = _lines({KEY: seal.metadata}, each.column, seal.indent or _indent(seal) or _INDENT)
        text = newline.join(lines).encode()
    text = text.rstrip(b"\r\n")
    return _placed(data, each, text, newline.encode())


def _indent(seal: Seal) -> int:
    """Return the indentation of the metadata of the template, 0 where there are none."""
    if seal.template is None or not seal.template.blocks:
        return 0
    old = seal.template.blocks[0]
    match = _FIRST_LINE.match(seal.template.data.reveal(), old.start, old.end)
    return len(match[2]) - len(match[1]) if match is not None and old.style == "block" else 0


def _placed(data: bytes, each: Block, text: bytes, newline: bytes) -> Edit:
    """Put the text of the metadata where they stand, or where they will."""
    if each.start != each.end:
        return each.start, each.end, text + (newline if data[each.start : each.end].endswith(b"\n") else b"")
    if each.start and data[each.start - 1 : each.start] != b"\n":
        # a file without a line break at its end loses it again when the metadata are taken out
        return each.start, each.end, newline + text + (newline if each.end < len(data) else b"")
    return each.start, each.end, text + newline


def _unsealing(data: bytes, each: Block, newline: str, in_block: bool) -> Edit:
    start, end = each.start, each.end
    if each.style == "flow":
        return flow.unsealing(each)
    if end == len(data) and not data.endswith(b"\n") and start and not in_block:
        start -= 2 if data[start - 2 : start] == b"\r\n" else 1
    if each.empty and not _DOCUMENT_START.search(data, 0, start):
        # without anything that says that there is a document, there would be none
        return start, end, b"{}" + newline.encode()
    return start, end, b""


def _lines(value: dict[str, Any], column: int, indent: int) -> Iterator[str]:
    """Yield the lines of a mapping as go.yaml.in/yaml/v3 writes sops' metadata."""
    for key, item in value.items():
        yield from _entry(f"{' ' * column}{key}:", item, column, indent)


def _entry(head: str, item: Any, column: int, indent: int) -> Iterator[str]:
    # what is inside something stands at the next multiple of the indentation
    deeper = indent * ((column + indent) // indent)
    if isinstance(item, dict) and item:
        yield head
        yield from _lines(item, deeper, indent)
    elif isinstance(item, list) and item:
        yield head
        for each in item:
            lines = list(_lines(each, deeper + 2, indent))
            yield " " * deeper + "- " + lines[0].lstrip(" ")
            yield from lines[1:]
    elif isinstance(item, str) and "\n" in item:
        yield from f"{head} {block(item, column, deeper - column, chr(10))}".split("\n")
    else:
        yield f"{head} {_inline(item)}"


def _inline(item: Any) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, str):
        return item if item.startswith(PREFIX) or is_plain(item, flow=False) else quoted(item)
    return "null" if item is None else "{}" if item == {} else "[]" if item == [] else str(item)
