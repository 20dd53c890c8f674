"""One document as a tree with its tags, anchors and places in the text, composed from libyaml's events.

The events are taken one by one and the tree is built without recursion, so that nesting and size are bounded while the
document is read, not after. Aliases stay aliases: whoever walks the tree decides how far to follow them.
"""

from __future__ import annotations

import re
from typing import Any, Final

import yaml
from yaml._yaml import CParser

from strongroom.documents.limits import Limits
from strongroom.documents.reasons import of_yaml_error
from strongroom.errors import DocumentError

SCALAR: Final = 0
SEQUENCE: Final = 1
MAPPING: Final = 2
ALIAS: Final = 3

_PROPERTIES: Final = re.compile(r"(?:(?:[&!][^\s]*+|#[^\n]*+)(?:[ \t\r\n]++|\Z))*+")


class Node:
    """A node: its kind, its explicit tag, and where it stands as offsets in characters.

    ``value`` holds the text of a scalar, the items of a sequence, the keys and values of a mapping in turns, and of an
    alias the anchored node as a list of one.
    """

    __slots__ = ("end", "kind", "plain", "props", "start", "style", "tag", "text", "value")

    def __init__(self, kind: int, tag: str | None, start: int, end: int, *, props: bool = False) -> None:
        self.kind = kind
        self.tag = tag
        self.start = start
        self.end = end
        self.props = props
        self.plain = False
        self.style = ""
        self.text = ""
        self.value = _NONE if kind == SCALAR else []


_NONE: Final[list[Node]] = []
"""The value of every scalar; nothing is ever added to it."""


def compose(text: str, limits: Limits) -> Node | None:
    """Return the tree of the first document in ``text``, None where there is none.

    Raises:
        DocumentError: not YAML, or deeper than the limits; ``line`` holds the offset's line within ``text``.
    """
    try:
        return _Composer(text, limits).compose()
    except yaml.YAMLError as error:
        raise of_yaml_error(error, text) from None


class _Composer:
    def __init__(self, text: str, limits: Limits) -> None:
        self._parser = CParser(text)
        self._limits = limits
        self._anchors: dict[str, Node] = {}
        self._open: list[Node] = []
        self._root: Node | None = None
        self._left = limits.max_nodes

    def compose(self) -> Node | None:
        next_event = self._parser.get_event
        handlers: dict[type, Any] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._mapping,
            yaml.SequenceStartEvent: self._sequence,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.StreamStartEvent: _ignore,
            yaml.DocumentStartEvent: _ignore,
        }
        try:
            # Kubernetes converts the first document of a piece; whatever follows an end marker is never parsed
            while (handler := handlers.get(type(event := next_event()))) is not None:
                handler(event)
        finally:
            self._parser.dispose()
        return self._root

    def _scalar(self, event: Any) -> None:
        node = Node(SCALAR, event.tag, event.start_mark.index, event.end_mark.index)
        node.plain = event.implicit[0]
        node.style = event.style or ""
        node.text = event.value
        self._place(node, event)

    def _mapping(self, event: Any) -> None:
        self._collection(MAPPING, event)

    def _sequence(self, event: Any) -> None:
        self._collection(SEQUENCE, event)

    def _collection(self, kind: int, event: Any) -> None:
        mark = event.start_mark
        if len(self._open) >= self._limits.max_depth:
            raise DocumentError("nested too deeply", line=mark.line + 1, column=mark.column + 1)
        node = Node(kind, event.tag, mark.index, event.end_mark.index)
        node.style = "flow" if event.flow_style else ""
        self._place(node, event)
        self._open.append(node)

    def _alias(self, event: Any) -> None:
        target = self._anchors.get(event.anchor)
        mark = event.start_mark
        if target is None:
            raise DocumentError("an alias names an unknown anchor", line=mark.line + 1, column=mark.column + 1)
        node = Node(ALIAS, None, mark.index, event.end_mark.index)
        node.value.append(target)
        self._place(node, None)

    def _place(self, node: Node, event: Any) -> None:
        self._left -= 1
        if self._left < 0:
            raise DocumentError(f"more than {self._limits.max_nodes} nodes")
        if event is not None and (event.anchor is not None or event.tag is not None):
            node.props = True
            if event.anchor is not None:
                self._anchors[event.anchor] = node
        if self._open:
            self._open[-1].value.append(node)
        else:
            self._root = node

    def _close(self, event: Any) -> None:
        node = self._open.pop()
        # a block collection is closed by what follows it, blank lines and comments later: it ends with its last item
        if node.style == "flow":
            node.end = event.end_mark.index


def behind_properties(text: str, start: int, end: int) -> int:
    """Return where the content of a node begins: behind its anchor, its tag and comments between them."""
    match = _PROPERTIES.match(text, start, end)
    return match.end() if match else start


def _ignore(event: Any) -> None:
    del event
