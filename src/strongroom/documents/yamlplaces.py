"""Paths of a YAML document to places in its text, through aliases and merge keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from strongroom.documents import scalarsource
from strongroom.documents.exact import Failure, Path, is_merge, key_name, merged, pairs
from strongroom.documents.limits import Limits
from strongroom.documents.nodes import ALIAS, MAPPING, SCALAR, SEQUENCE, Node, behind_properties, compose
from strongroom.documents.places import Place, Run, trace
from strongroom.errors import DocumentError

_MAX_MERGES: Final = 1000

Entries = dict[str, tuple[Node, Node]]


def finder(text: str, limits: Limits) -> YamlFinder:
    """Return the places of a YAML document.

    Raises:
        DocumentError: it cannot be read.
    """
    root = compose(text, limits)
    if root is None:
        raise DocumentError("an empty document")
    return YamlFinder(text, root)


class YamlFinder:
    """Walks the composed tree; what a mapping holds once merged is worked out once and kept."""

    def __init__(self, text: str, root: Node) -> None:
        self._text = text
        self._root = root
        self._entries: dict[int, Entries] = {}
        self._items: dict[int, list[Node]] = {}
        self._runs: dict[int, Sequence[Run]] = {}

    def value(self, path: Path) -> Place | None:
        """Return where the value at ``path`` is written."""
        node = self._node(path)
        return None if node is None else self._place(node)

    def key(self, path: Path) -> Place | None:
        """Return where the key at the end of ``path`` is written."""
        parent = self._node(path[:-1]) if path else None
        if parent is None or parent.kind != MAPPING:
            return None
        found = self._of_mapping(parent).get(str(path[-1]))
        return None if found is None else self._place(_target(found[0]))

    def is_collection(self, path: Path) -> bool:
        """Tell whether the value at ``path`` is a mapping or a sequence."""
        node = self._node(path)
        return node is not None and node.kind in {MAPPING, SEQUENCE}

    def inner(self, path: Path, start: int, end: int) -> Place | None:
        """Return where a part of a scalar's value is written."""
        node = self._node(path)
        if node is None:
            return None
        whole = self._place(node)
        if node.kind != SCALAR:
            return whole
        runs = self._runs.get(id(node))
        if runs is None:  # a value may hold many places that are asked for
            runs = self._runs[id(node)] = scalarsource.runs(self._text, whole, node) or []
        return (runs and trace(runs, start, end)) or whole

    def _node(self, path: Path) -> Node | None:
        node: Node | None = _target(self._root)
        for step in path:
            if node is None:
                return None
            if node.kind == MAPPING:
                found = self._of_mapping(node).get(step) if isinstance(step, str) else None
                node = None if found is None else _target(found[1])
            elif node.kind == SEQUENCE and isinstance(step, int) and 0 <= step < len(node.value):
                node = _target(node.value[step])
            else:
                return None
        return node

    def _of_mapping(self, node: Node) -> Entries:
        known = self._entries.get(id(node))
        if known is None:
            known = {}
            self._entries[id(node)] = known  # before it is filled: a mapping may merge itself
            _fill(node, known, [_MAX_MERGES])
        return known

    def _place(self, node: Node) -> Place:
        text, start, end = self._text, node.start, node.end
        if node.props:
            start = behind_properties(text, start, end)
        if node.kind in {MAPPING, SEQUENCE} and node.style != "flow" and node.value:
            end = self._place(node.value[-1]).end
        elif node.style in {"|", ">"}:
            last = start + len(text[start:end].rstrip(" \t\r\n"))  # up to the end of the last line with content
            newline = text.find("\n", last, end)
            end = newline if newline >= 0 else end
        return Place(start, max(start, end))


def _target(node: Node) -> Node:
    while node.kind == ALIAS:
        node = node.value[0]
    return node


def _fill(node: Node, entries: Entries, left: list[int]) -> None:
    for key, value in pairs(node):
        try:
            if not is_merge(key):
                entries[key_name(key)] = (key, value)
                continue
            for mapping in merged(value):
                left[0] -= 1
                if left[0] >= 0:
                    _fill(_target(mapping), entries, left)
        except Failure:
            continue  # a document that was read has none; of one that was not, the rest is still found
