"""The nodes of a YAML file with their comments, as go.yaml.in/yaml/v3 composes them (``parserc.go``, ``decode.go``).

libyaml's parser gives no comments, so its tokens are parsed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import yaml

from strongroom.errors import DocumentError, LimitError
from strongroom.files.sops.formats.yaml_builder import MAX_DEPTH
from strongroom.files.sops.formats.yaml_comments import Feed, Line, Token

SCALAR: Final = 0
SEQUENCE: Final = 1
MAPPING: Final = 2
ALIAS: Final = 3


class Node:
    """A node: what it holds, where it stands, and the comments above, beside and below it.

    ``items`` are those of a sequence, or the keys and values of a mapping in turns; of an alias, the node it names.
    """

    __slots__ = (
        "column", "end", "flow", "foot", "head", "items", "kind", "line", "start", "style", "tag", "text",
    )  # fmt: skip

    def __init__(self, kind: int, start: Any, end: int) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.tag: str | None = None
        self.text = ""
        self.style = ""
        self.flow = False
        self.column = start.column
        self.items: list[Node] = []
        self.head: list[Line] = []
        self.line: list[Line] = []
        self.foot: list[Line] = []


_SEQUENCES: Final = frozenset((yaml.BlockSequenceStartToken, yaml.FlowSequenceStartToken))
_BLOCKS: Final = frozenset((yaml.BlockSequenceStartToken, yaml.BlockMappingStartToken))
_AFTER_ENTRY: Final = frozenset((yaml.BlockEntryToken, yaml.BlockEndToken))
_AFTER_VALUE: Final = frozenset((yaml.KeyToken, yaml.ValueToken, yaml.BlockEndToken))
_AFTER_INDENTLESS: Final = _AFTER_VALUE | {yaml.BlockEntryToken}
_AFTER_FLOW_KEY: Final = frozenset(
    (yaml.ValueToken, yaml.FlowEntryToken, yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)
)
_AFTER_FLOW_VALUE: Final = _AFTER_FLOW_KEY - {yaml.ValueToken}
_EXPLICIT: Final = frozenset((yaml.DirectiveToken, yaml.DocumentStartToken))


class Document:
    """One document: its root, the comments around it, and where what follows it starts."""

    __slots__ = ("end", "foot", "head", "root")

    def __init__(self, root: Node, head: list[Line], foot: list[Line], end: int) -> None:
        self.root = root
        self.head = head
        self.foot = foot
        self.end = end


class Composer:
    """Composes documents from tokens.

    Args:
        feed: the tokens of a file, with their comments.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._anchors: dict[str, Node] = {}
        self._handles: dict[str, str] = {}
        self._stem: list[Line] = []
        self._depth = 0
        self.has_aliases = False

    def documents(self) -> Iterator[Document]:
        """Yield the documents.

        Raises:
            DocumentError: an alias that names nothing, a version of YAML that sops refuses.
            LimitError: deeper than the limits allow.
        """
        feed = self._feed
        feed.peek()
        feed.skip()
        first = True
        while True:
            token = feed.peek()
            while not first and token.kind is yaml.DocumentEndToken:
                feed.skip()
                token = feed.peek()
            implicit = first and token.kind not in _EXPLICIT
            first = False
            head: list[Line] = []
            self._handles = {"!": "!", "!!": "tag:yaml.org,2002:"}
            if token.kind is yaml.StreamEndToken:
                return
            if not implicit and token.kind not in _EXPLICIT:
                raise _wrong(token)
            if implicit:
                head = self._document_head()
                root = self._node(block=True)
            else:
                root = self._explicit()
            yield self._ended(root, head)

    def _ended(self, root: Node, head: list[Line]) -> Document:
        token = self._feed.peek()
        end = token.start if token.of is None else token.of.start_mark.index
        if token.kind is yaml.DocumentEndToken:
            self._feed.skip()
        above, _, below = self._feed.take()
        self._stem = []
        return Document(root, head, below or above, end)

    def _document_head(self) -> list[Line]:
        """The paragraph that is apart from the first node belongs to the document."""
        lines = self._feed.head
        gaps = [number for number, (text, _) in enumerate(lines) if not text and number]
        if not gaps:
            return []
        self._feed.head = lines[gaps[-1] + 1 :]
        return lines[: gaps[-1]]

    def _explicit(self) -> Node:
        feed = self._feed
        token = feed.peek()
        while token.kind is yaml.DirectiveToken:
            if token.of.name == "YAML" and token.of.value != (1, 1):
                raise DocumentError("a version of yaml that sops does not read", hint="leave the %YAML line out")
            if token.of.name == "TAG":
                handle, prefix = token.of.value
                self._handles[handle] = prefix
            feed.skip()
            token = feed.peek()
        if token.kind is not yaml.DocumentStartToken:
            raise _wrong(token)
        feed.skip()
        token = feed.peek()
        if token.kind in _EXPLICIT or token.kind is yaml.DocumentEndToken or token.kind is yaml.StreamEndToken:
            return self._empty(token.of.start_mark)
        return self._node(block=True)

    @staticmethod
    def _empty(mark: Any) -> Node:
        return Node(SCALAR, mark, mark.index)

    def _take(self, node: Node) -> None:
        node.head, node.line, node.foot = self._feed.take()
        self._stem = []

    def _node(self, block: bool, indentless: bool = False) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise LimitError(f"a document is nested deeper than {MAX_DEPTH} levels")
        feed = self._feed
        token = first = feed.peek()
        if token.kind is yaml.AliasToken:
            node = self._alias(token)
        else:
            tag = anchor = None
            last = token
            while token.kind is yaml.AnchorToken or token.kind is yaml.TagToken:
                if token.kind is yaml.AnchorToken:
                    anchor = token.of.value
                else:
                    tag = self._tag(token.of)
                last = token
                feed.skip()
                token = feed.peek()
            if first.kind is yaml.BlockEndToken:
                raise _wrong(first)
            start = first.of.start_mark
            found = self._started(token, start, block, indentless)
            if found is None and token is first:
                raise _wrong(first)
            node = found if found is not None else Node(SCALAR, start, last.of.end_mark.index)
            node.tag = tag
            if anchor is not None:
                self._anchors[anchor] = node
            self._fill(node, token, block)
        self._depth -= 1
        return node

    def _alias(self, token: Token) -> Node:
        node = Node(ALIAS, token.of.start_mark, token.of.end_mark.index)
        target = self._anchors.get(token.of.value)
        if target is None:
            raise _wrong(token, "an alias names an unknown anchor")
        node.items = [target]
        self.has_aliases = True
        self._take(node)
        self._feed.skip()
        return node

    def _tag(self, token: Any) -> str:
        handle, suffix = token.value
        if handle is None:
            return str(suffix)
        if handle not in self._handles:
            raise DocumentError("a tag with an unknown handle", line=token.start_mark.line + 1)
        return self._handles[handle] + str(suffix)

    @staticmethod
    def _started(token: Token, start: Any, block: bool, indentless: bool) -> Node | None:
        kind, of = token.kind, token.of
        if kind in _BLOCKS and not block:
            return None
        if kind is yaml.ScalarToken:
            node = Node(SCALAR, start, of.end_mark.index)
            node.text, node.style = of.value, "" if of.plain else of.style
        elif kind is yaml.BlockMappingStartToken or kind is yaml.FlowMappingStartToken:
            node = Node(MAPPING, start, start.index)
        elif kind in _SEQUENCES or (indentless and kind is yaml.BlockEntryToken):
            node = Node(SEQUENCE, start, start.index)
        else:
            return None
        node.flow = kind is yaml.FlowMappingStartToken or kind is yaml.FlowSequenceStartToken
        node.column = of.start_mark.column
        return node

    def _fill(self, node: Node, token: Token, block: bool) -> None:
        if token.kind is yaml.ScalarToken:
            self._take(node)
            self._feed.skip()
        elif node.kind == SCALAR:
            return
        elif node.flow:
            self._take(node)
            (self._flow_mapping if node.kind == MAPPING else self._flow_sequence)(node)
        elif token.kind is yaml.BlockEntryToken:
            self._indentless(node)
        elif block:
            node.head, self._stem = self._stem, []
            (self._block_mapping if node.kind == MAPPING else self._block_sequence)(node)

    def _ends(self, node: Node, comments: bool) -> None:
        # what stood beside or below the start of a collection gives way to what stands at its end
        node.line, node.foot = [], []
        if comments:
            _, node.line, node.foot = self._feed.take()
            self._stem = []

    def _block_sequence(self, node: Node) -> None:
        self._feed.skip()
        while self._entry(node, _AFTER_ENTRY):
            pass
        self._ends(node, comments=False)
        self._block_end()

    def _indentless(self, node: Node) -> None:
        while self._entry(node, _AFTER_INDENTLESS):
            pass
        self._ends(node, comments=False)

    def _entry(self, node: Node, empty: frozenset[type]) -> bool:
        feed = self._feed
        token = feed.peek()
        if token.kind is not yaml.BlockEntryToken:
            return False
        before = len(feed.head)
        feed.skip()
        following = feed.peek()
        if before and following.kind in _BLOCKS:
            # a comment above an entry that is a collection is that of the collection
            self._stem, feed.head = feed.head[:before], feed.head[before:]
        if following.kind in empty:
            node.items.append(self._empty(token.of.end_mark))
        else:
            node.items.append(self._node(block=True))
        return True

    def _block_mapping(self, node: Node) -> None:
        feed = self._feed
        feed.skip()
        while True:
            token = feed.peek()
            if token.kind is not yaml.KeyToken:
                break
            feed.skip()
            self._key(node, token.of.end_mark, feed.peek().kind in _AFTER_VALUE, block=True)
            token = feed.peek()
            if token.kind is yaml.ValueToken:
                feed.skip()
                if feed.peek().kind not in _AFTER_VALUE:
                    self._value(node, self._node(block=True, indentless=True))
                    continue
                self._value(node, self._empty(token.of.end_mark))
            else:
                self._value(node, self._empty(node.items[-1].start))
        self._ends(node, comments=True)
        if node.foot and node.items:
            node.items[-2].foot, node.foot = node.foot, []
        self._block_end()

    def _block_end(self) -> None:
        token = self._feed.peek()
        if token.kind is not yaml.BlockEndToken:
            raise _wrong(token)
        self._feed.skip()

    def _key(self, node: Node, mark: Any, empty: bool, *, block: bool) -> None:
        key = self._empty(mark) if empty else self._node(block=block, indentless=block)
        node.items.append(key)
        if block and key.foot and len(node.items) > 2:
            # it stands below the value before
            node.items[-3].foot, key.foot = key.foot, []

    @staticmethod
    def _value(node: Node, value: Node) -> None:
        key = node.items[-1]
        node.items.append(value)
        if not key.foot and value.foot:
            key.foot, value.foot = value.foot, []

    def _flow_sequence(self, node: Node) -> None:
        feed = self._feed
        feed.skip()
        token = feed.peek()
        while token.kind is not yaml.FlowSequenceEndToken:
            if token.kind is yaml.KeyToken:
                node.items.append(self._pair(token))
            else:
                node.items.append(self._node(block=False))
            token = self._after_comma(yaml.FlowSequenceEndToken)
        self._ends(node, comments=True)
        node.end = token.of.end_mark.index
        feed.skip()

    def _after_comma(self, end: type) -> Token:
        token = self._feed.peek()
        if token.kind is yaml.FlowEntryToken:
            self._feed.skip()
            return self._feed.peek()
        if token.kind is not end:
            raise _wrong(token)
        return token

    def _pair(self, token: Token) -> Node:
        """A mapping of one key in a flow sequence: ``[a: b]``."""
        feed = self._feed
        pair = Node(MAPPING, token.of.start_mark, token.of.end_mark.index)
        pair.flow = True
        feed.skip()
        if feed.peek().kind in _AFTER_FLOW_KEY:
            raise _wrong(token, "a key that is no text")
        self._key(pair, token.of.end_mark, empty=False, block=False)
        self._flow_value(pair)
        self._ends(pair, comments=False)
        pair.end = pair.items[-1].end
        return pair

    def _flow_value(self, node: Node) -> None:
        feed = self._feed
        token = feed.peek()
        if token.kind is yaml.ValueToken:
            feed.skip()
            if feed.peek().kind not in _AFTER_FLOW_VALUE:
                self._value(node, self._node(block=False))
                return
            self._value(node, self._empty(token.of.end_mark))
        else:
            self._value(node, self._empty(token.of.start_mark))

    def _flow_mapping(self, node: Node) -> None:
        feed = self._feed
        feed.skip()
        token = feed.peek()
        while token.kind is not yaml.FlowMappingEndToken:
            if token.kind is yaml.KeyToken:
                feed.skip()
                self._key(node, token.of.end_mark, feed.peek().kind in _AFTER_FLOW_KEY, block=False)
                self._flow_value(node)
            else:
                node.items.append(self._node(block=False))
                self._value(node, self._empty(feed.peek().of.start_mark))
            token = self._after_comma(yaml.FlowMappingEndToken)
        self._ends(node, comments=True)
        node.end = token.of.end_mark.index
        feed.skip()


def _wrong(token: Token, reason: str = "not valid yaml") -> DocumentError:
    if token.of is None:
        return DocumentError(reason)
    mark = token.of.start_mark
    return DocumentError(reason, line=mark.line + 1, column=mark.column + 1)
