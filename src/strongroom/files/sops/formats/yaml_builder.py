"""Leaves from what a YAML parser says, in SOPS' order; the mapping under ``sops`` of each document is its metadata."""

from __future__ import annotations

import re
from typing import Any, Final

from strongroom.errors import DocumentError, LimitError
from strongroom.files.sops.document import Block, Leaf, Scalar, Span
from strongroom.files.sops.formats import flow
from strongroom.files.sops.formats.yaml_scalars import resolve, scalar_of
from strongroom.files.sops.metadata import KEY
from strongroom.model.plaintext import Plaintext

MAX_DEPTH: Final = 128
MAX_NODES: Final = 2_000_000

ALONE: Final = "alone"
"""The style of the first of the encrypted comments that are all that a list of sops has."""
_BLOCK_HEADER: Final = re.compile(r"[|>][-+0-9]*(?=[ \t\r\n]|\Z)")
_COMMENT_END: Final = ",type:comment]"
_REST_OF_LINE: Final = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?:\r\n|\n|\r|\Z)")


class _Frame:
    """An open collection."""

    __slots__ = ("address", "column", "comments", "flow", "index", "is_map", "key", "keys", "path")

    def __init__(self, is_map: bool, path: tuple[str, ...], address: tuple[str | int, ...]) -> None:
        self.is_map = is_map
        self.path = path
        self.address = address
        self.key: str | None = None
        self.keys: set[str] = set()
        self.index = 0
        self.comments: list[int] = []
        self.flow = False
        self.column = 0


class Builder:
    """Takes the nodes of a file one after the other; offsets are characters.

    Args:
        text: the file.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self.leaves: list[Leaf] = []
        self.blocks: list[Block] = []
        self.metadata: dict[str, Any] | None = None
        self._frames: list[_Frame] = []
        self._comments: list[list[str]] = []
        self.has_comments = False
        self._started: list[tuple[int, int, _Frame]] = []
        self._branch = -1
        self._left = MAX_NODES
        self._root: _Frame | None = None
        self._block: Block | None = None
        self._last_end = 0
        self._sealed: _Metadata | None = None
        self._sealed_key = 0

    def begin(self) -> None:
        """A document starts."""
        self._comments = []
        self._branch += 1
        self._root = self._block = self._sealed = None

    def scalar(self, text: str, tag: str | None, start: Any, end: int, style: str) -> None:
        """A scalar: a key or a value.

        Raises:
            DocumentError: a key that is no text or given twice, a document that is no mapping.
            LimitError: too many nodes.
        """
        if style == "|" or style == ">":
            end = block_end(self._text, start.index, end)
        self._last_end = end
        if tag == "!":
            tag = None
        if not self._frames:
            self._no_root(text, tag, start, style)
            return
        frame = self._frames[-1]
        if frame.is_map and frame.key is None:
            self._key(frame, text, tag, start, style)
            return
        if self._sealed is not None:
            self._sealed.scalar(text, tag, style, start.index, end)
        else:
            self._leaf(frame, text, tag, start, end, style)
        self._done(frame)

    def _leaf(self, frame: _Frame, text: str, tag: str | None, start: Any, end: int, style: str) -> None:
        path, address = _place(frame)
        if not style or tag is not None:
            try:
                found = resolve(text, tag)
            except DocumentError as error:
                raise _at(error.message, start, error.hint) from None
            if found is None:
                return
            scalar = Scalar("str", Plaintext(text)) if found == ("str", text) else scalar_of(found)
        else:
            scalar = Scalar("str", Plaintext(text))
        if not frame.is_map and text.endswith(_COMMENT_END):
            frame.comments.append(len(self.leaves))
        self.leaves.append(
            Leaf(
                path,
                address,
                self._branch,
                scalar,
                start.index,
                end,
                tuple(map(tuple, self._comments)) if self.has_comments else (),
                style + " flow" if frame.flow else style,
                frame.column,
            )
        )

    def _no_root(self, text: str, tag: str | None, start: Any, style: str) -> None:
        if not style and resolve(text, tag) is None:
            return
        raise _at("a document that is a single value", start, "sops encrypts documents that are mappings")

    def _key(self, frame: _Frame, text: str, tag: str | None, start: Any, style: str) -> None:
        if not style or tag is not None:
            found = resolve(text, tag)
            if found is None or found[0] != "str":
                raise _at("a key that is no text", start, "put it in quotes: sops takes text alone")
            text = found[1]
        if text in frame.keys:
            raise _at("a key is given twice in the same mapping", start)
        frame.keys.add(text)
        frame.key = text
        if frame is self._root and text == KEY:
            self._sealed = _Metadata()
            self._sealed_key = start.index
        elif self._sealed is not None:
            self._sealed.key(text)

    def collection(self, is_map: bool, flow: bool, start: Any, column: int | None = None) -> None:
        """A mapping or a sequence starts.

        Raises:
            DocumentError: as a key, or a document that is a sequence.
            LimitError: deeper than the limits allow.
        """
        frames = self._frames
        self._left -= 1
        if len(frames) >= MAX_DEPTH or self._left < 0:
            raise LimitError("a document is nested too deeply or has too many nodes")
        if not frames:
            if not is_map:
                raise _at("a document that is a list", start, "sops encrypts documents that are mappings")
            frame = self._root = _Frame(True, (), ())
            self._last_end = start.index + 1
        else:
            parent = frames[-1]
            if parent.is_map and parent.key is None:
                raise _at("a key that is no text", start)
            frame = _Frame(is_map, *_place(parent))
            if self._sealed is not None:
                self._sealed.collection(is_map)
        frame.flow = flow or bool(frames and frames[-1].flow)
        frame.column = start.column if column is None else column
        frames.append(frame)
        if self.has_comments:
            self._started.append((start.index, self._branch, frame))
            self._comments.append([])

    def close(self, start: int) -> None:
        """The innermost collection ends; a flow collection's bracket stands at an offset."""
        frame = self._frames.pop()
        if self.has_comments:
            self._comments.pop()
        if frame.comments and len(frame.comments) == frame.index:
            # what sops wrote as items are comments, and the list is empty
            first = frame.comments[0]
            self.leaves[first] = self.leaves[first]._replace(style=ALONE)
        if not self._frames:
            return
        if frame.flow:
            self._last_end = start + 1
        if self._sealed is not None:
            self._sealed.close(start + 1 if frame.flow else 0)
        self._done(self._frames[-1])

    def _done(self, frame: _Frame) -> None:
        self._left -= 1
        if self._left < 0:
            raise LimitError("a document has too many nodes")
        if frame.is_map:
            if self._sealed is not None and frame is self._root:
                self._seal(frame)
            frame.key = None
        else:
            frame.index += 1
        if self.has_comments:
            self._comments[-1].clear()

    def comment(self, text: str, start: int, end: int) -> None:
        """A comment in the innermost collection, without its sign; its place is behind the sign."""
        if self._sealed is not None:
            return
        frame = self._frames[-1] if self._frames else _Frame(True, (), ())
        if not self._comments:
            self._comments.append([])
        self._comments[-1].append(text)
        stack = tuple(map(tuple, self._comments))
        scalar = Scalar("comment", Plaintext(text))
        self.leaves.append(Leaf(frame.path, frame.address, self._branch, scalar, start, end, stack, "#", frame.column))

    def lost(self, comments: list[tuple[str, int]]) -> None:
        """Comments that go-yaml drops, and sops with it: they belong to what started last in front of them."""
        for text, start in comments:
            if any(each.start <= start < each.end for each in self.blocks):
                continue
            place = next((each for each in reversed(self._started) if each[0] <= start), None)
            if place is not None:
                _, branch, frame = place
                scalar = Scalar("comment", Plaintext(text[1:]))
                end = start + len(text)
                self.leaves.append(
                    Leaf(frame.path, frame.address, branch, scalar, start + 1, end, ((text[1:],),), "#", frame.column)
                )

    def _seal(self, root: _Frame) -> None:
        """The value under ``sops`` is complete: keep it and the place that it takes."""
        sealed, text = self._sealed, self._text
        if sealed is None:
            return
        if self.metadata is None and self._branch == 0:
            self.metadata = sealed.body()
        start, end = self._sealed_key, sealed.end
        if root.flow:
            start, end = flow.place(text, start, end)
        else:
            start = text.rfind("\n", 0, start) + 1
            rest = _REST_OF_LINE.match(text, end)
            # a block scalar ends where the next line starts
            if rest is not None and not (end and text[end - 1] == "\n"):
                end = rest.end()
        self._block = Block(
            start,
            end,
            sealed.mac,
            sealed.last_modified,
            "flow" if root.flow else "block",
            root.column,
            len(root.keys) == 1,
        )
        self._sealed = None

    def end(self, at: int) -> None:
        """A document ends; what follows it starts at an offset."""
        root, found = self._root, self._block
        if found is not None and root is not None:
            self.blocks.append(found._replace(empty=len(root.keys) == 1))
        elif root is None:
            self.blocks.append(Block(at, at, style="block", empty=True))
        elif root.flow:
            at = self._last_end
            self.blocks.append(Block(at, at, style="flow", empty=not root.keys))
        else:
            self.blocks.append(Block(at, at, style="block", column=root.column))


class _Metadata:
    """The value under ``sops``: texts, lists and mappings, and where two of the texts stand."""

    def __init__(self) -> None:
        self._open: list[tuple[Any, str | None]] = []
        self._value: Any = None
        self._name: str | None = KEY
        self.end = 0
        self.mac: Span | None = None
        self.last_modified: Span | None = None

    def key(self, name: str) -> None:
        self._name = name

    def scalar(self, text: str, tag: str | None, style: str, start: int, end: int) -> None:
        found = resolve(text, tag) if not style or tag is not None else ("str", text)
        value: Any = None
        if found is not None:
            value = found[1] == "True" if found[0] == "bool" else int(found[1]) if found[0] == "int" else text
        if len(self._open) == 1:
            if self._name == "mac":
                self.mac = start, end
            elif self._name == "lastmodified":
                self.last_modified = start, end
        self._put(value)
        self.end = end

    def collection(self, is_map: bool) -> None:
        value: Any = {} if is_map else []
        self._put(value)
        self._open.append((value, self._name))

    def close(self, end: int) -> None:
        self._open.pop()
        self.end = max(self.end, end)

    def _put(self, value: Any) -> None:
        if not self._open:
            self._value = value
            return
        into = self._open[-1][0]
        if isinstance(into, dict):
            into[self._name] = value
        else:
            into.append(value)

    def body(self) -> dict[str, Any] | None:
        return self._value if isinstance(self._value, dict) else None


def _place(frame: _Frame) -> tuple[tuple[str, ...], tuple[str | int, ...]]:
    if frame.is_map:
        key = frame.key or ""
        return (*frame.path, key), (*frame.address, key)
    return frame.path, (*frame.address, frame.index)


def _at(reason: str, mark: Any, hint: str = "") -> DocumentError:
    return DocumentError(reason, hint=hint, line=mark.line + 1, column=mark.column + 1)


def block_end(text: str, start: int, end: int) -> int:
    """Return where the lines of a block scalar end; blank lines behind them are its own only where it keeps them."""
    header = _BLOCK_HEADER.search(text, start, end)
    if header is None or "+" in header[0]:
        return end
    content = text[header.end() : end].rstrip(" \t\r\n\x85\u2028\u2029")
    line_end = text.find("\n", header.end() + len(content), end)
    return line_end + 1 if line_end >= 0 else end
