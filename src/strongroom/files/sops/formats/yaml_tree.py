"""The leaves of YAML documents with comments or aliases: by way of their nodes."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from yaml._yaml import CParser

from strongroom.errors import DocumentError, LimitError
from strongroom.files.sops.formats.splice import MAX_BYTES
from strongroom.files.sops.formats.yaml_builder import MAX_DEPTH, MAX_NODES, Builder
from strongroom.files.sops.formats.yaml_comments import Feed, Line
from strongroom.files.sops.formats.yaml_nodes import ALIAS, MAPPING, SCALAR, SEQUENCE, Composer, Document, Node
from strongroom.files.sops.formats.yaml_scalars import resolve, scalar_of, written

_SIMPLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*\Z")


def build(text: str) -> Builder | str:
    """Return what a text holds, or where it has aliases the text with a copy in the place of each, as SOPS does.

    Raises:
        yaml.YAMLError: it is not YAML.
        DocumentError: SOPS takes no such documents.
        LimitError: it is too large or too deep.
    """
    found = documents(text)
    if isinstance(found, str):
        return found
    builder = Builder(text)
    builder.has_comments = True
    for document in found.documents:
        _Walk(builder).document(document)
    kept = {leaf.start - 1 for leaf in builder.leaves if leaf.style == "#"}
    builder.lost([line for line in found.comments if line[0] and line[1] not in kept])
    return builder


class Found(NamedTuple):
    """The documents of a text, and all comments in it."""

    documents: list[Document]
    comments: list[Line]


def documents(text: str) -> Found | str:
    """Return what a text holds, or where it has aliases the text with copies in their places.

    Raises:
        yaml.YAMLError: it is not YAML.
        DocumentError: an alias names nothing or itself.
        LimitError: it is too large or too deep.
    """
    feed = Feed(text, _tokens(text))
    composer = Composer(feed)
    found = list(composer.documents())
    return _Copies(text).replaced(found) if composer.has_aliases else Found(found, feed.comments())


def _tokens(text: str) -> list[Any]:
    parser: Any = CParser(text)
    next_token = parser.get_token
    tokens: list[Any] = []
    try:
        while (token := next_token()) is not None:
            tokens.append(token)
            if len(tokens) > MAX_NODES:
                raise LimitError("a file has too many nodes")
    finally:
        parser.dispose()
    return tokens


class _Walk:
    """Tells a builder the nodes of a document in SOPS' order (``stores/yaml/store.go``)."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder

    def document(self, document: Document) -> None:
        builder, root = self._builder, document.root
        builder.begin()
        if root.kind == MAPPING:
            builder.collection(True, root.flow, root.start, root.column)
            self._comments(document.head, root.head, root.line)
            self._members(root)
            self._comments(root.foot, document.foot)
            builder.close(root.end - 1)
        elif root.kind == SEQUENCE:
            builder.collection(False, root.flow, root.start)
        else:
            self._comments(document.head, root.head, root.line)
            builder.scalar(root.text, root.tag, root.start, root.end, root.style)
            self._comments(document.foot)
        builder.end(document.end)

    def _comments(self, *groups: list[Line]) -> None:
        for lines in groups:
            for text, start in lines:
                if text:
                    self._builder.comment(text[1:], start + 1, start + len(text))

    def _members(self, node: Node) -> None:
        pairs = iter(node.items)
        for key, value in zip(pairs, pairs, strict=True):
            self._comments(key.head, key.line)
            own = value.kind == SCALAR
            if own:
                self._comments(value.head, value.line)
            if key.kind != SCALAR:
                mark = key.start
                raise DocumentError("a key that is no text", line=mark.line + 1, column=mark.column + 1)
            self._builder.scalar(key.text, key.tag, key.start, key.end, key.style)
            self._value(value, handled=own)
            if own:
                self._comments(value.foot)
            self._comments(key.foot)

    def _value(self, node: Node, *, handled: bool) -> None:
        builder = self._builder
        if node.kind == SCALAR:
            builder.scalar(node.text, node.tag, node.start, node.end, node.style)
            return
        builder.collection(node.kind == MAPPING, node.flow, node.start, node.column)
        if not handled:
            self._comments(node.head, node.line)
        if node.kind == MAPPING:
            self._members(node)
        else:
            for item in node.items:
                self._comments(item.head, item.line)
                self._value(item, handled=True)
                self._comments(item.foot)
        if not handled:
            self._comments(node.foot)
        builder.close(node.end - 1)


class _Copies:
    """Puts a copy of what it names into the place of every alias; copies stand on one line, without comments."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._left = MAX_NODES
        self._size = MAX_BYTES
        self._following: set[int] = set()
        self._parts: list[str] = []
        self._at = 0

    def replaced(self, documents: list[Document]) -> str:
        """Return the text without aliases.

        Raises:
            DocumentError: an anchor contains itself.
            LimitError: aliases expand to too much.
        """
        for document in documents:
            self._look(document.root)
        return "".join((*self._parts, self._text[self._at :]))

    def _look(self, node: Node) -> None:
        if node.kind != ALIAS:
            for item in node.items:
                self._look(item)
            return
        copy = self._copy(node, 0)
        self._parts += [self._text[self._at : node.start.index], copy]
        self._at = node.end

    def _copy(self, node: Node, depth: int) -> str:
        self._left -= 1
        if self._left < 0 or self._size < 0 or depth > MAX_DEPTH:
            raise LimitError("aliases expand to too much")
        if node.kind == ALIAS:
            target = node.items[0]
            if id(target) in self._following:
                raise DocumentError("an anchor contains itself", line=node.start.line + 1)
            self._following.add(id(target))
            text = self._copy(target, depth + 1)
            self._following.discard(id(target))
            return text
        if node.kind == SCALAR:
            text = self._scalar(node)
        else:
            items = [self._copy(item, depth + 1) for item in node.items]
            if node.kind == SEQUENCE:
                text = f"[{', '.join(items)}]"
            else:
                pairs = iter(items)
                text = "{" + ", ".join(f"{key}: {value}" for key, value in zip(pairs, pairs, strict=True)) + "}"
        self._size -= len(text)
        return text

    @staticmethod
    def _scalar(node: Node) -> str:
        if not node.style and node.tag is None and _SIMPLE.match(node.text):
            return node.text
        if node.text == "<<" and not node.style:
            return "<<"
        found = resolve(node.text, node.tag) if not node.style or node.tag is not None else ("str", node.text)
        if found is None:
            return "null"
        style = node.style if node.style in {"'", '"'} else ""
        return written(scalar_of(found), f"{style} flow") or ""
