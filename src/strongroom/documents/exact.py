"""A composed document as the API server would read it, value for value.

This is ``decode.go`` of go.yaml.in/yaml/v2 2.4 followed by ``convertToJSONableObject`` of sigs.k8s.io/yaml, on
libyaml's own parser: the same order of merge keys (a ``<<`` overwrites what stands before it), the last of two equal
keys, the same bound on what aliases may expand to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from strongroom.documents import scalars
from strongroom.documents.limits import Limits
from strongroom.documents.nodes import ALIAS, MAPPING, SCALAR, SEQUENCE, Node
from strongroom.errors import DocumentError

Path = tuple[str | int, ...]

# decode.go: 99 % of small documents may come from aliases, 10 % of large ones
_RATIO_LOW: Final = 400_000
_RATIO_HIGH: Final = 4_000_000


class Failure(Exception):  # noqa: N818 - never leaves the room
    """A node that has no value, with the offset where it stands."""

    def __init__(self, reason: str, start: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.start = start


class Builder:
    """Builds the value of one document and collects the keys that were given twice."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._decoded = 0
        self._by_alias = 0
        self._alias_depth = 0
        self._following: set[int] = set()
        self._path: list[str | int] = []
        self.duplicates: list[tuple[Path, int]] = []

    def build(self, node: Node) -> Any:
        """Return the value of the document's root.

        Raises:
            Failure: a value, key, merge or alias that Kubernetes refuses, or more than the limits allow.
        """
        self._decoded = 1  # the document itself counts
        return self._value(node, 0)

    def _value(self, node: Node, depth: int) -> Any:
        self._count(node, depth)
        kind = node.kind
        if kind == SCALAR:
            return scalar_value(node)
        if kind == MAPPING:
            body: dict[str, Any] = {}
            self._fill(node, body, set(), depth)
            return body
        if kind == SEQUENCE:
            return self._items(node, depth)
        return self._followed(node, lambda target: self._value(target, depth + 1))

    def _items(self, node: Node, depth: int) -> list[Any]:
        items = []
        path = self._path
        for index, item in enumerate(node.value):
            path.append(index)
            items.append(self._value(item, depth + 1))
            path.pop()
        return items

    def _fill(self, node: Node, body: dict[str, Any], seen: set[str], depth: int) -> None:
        path = self._path
        for key, value in pairs(node):
            if is_merge(key):
                self._merge(value, body, depth + 1)
                continue
            self._count(key, depth + 1)
            name = self._key(key)
            path.append(name)
            if name in seen and len(self.duplicates) < self._limits.max_duplicates:
                self.duplicates.append((tuple(path), key.start))
            seen.add(name)
            body[name] = self._value(value, depth + 1)
            path.pop()

    def _key(self, node: Node) -> str:
        if node.kind == ALIAS:
            self._followed(node, lambda target: self._count(target, 0))
        return key_name(node)

    def _merge(self, node: Node, body: dict[str, Any], depth: int) -> None:
        for mapping in merged(node):
            self._count(mapping, depth)
            if mapping.kind == ALIAS:
                self._followed(mapping, lambda target: self._merge_into(target, body, depth + 1))
            else:
                self._fill(mapping, body, set(), depth)

    def _merge_into(self, target: Node, body: dict[str, Any], depth: int) -> None:
        self._count(target, depth)
        self._fill(target, body, set(), depth)

    def _followed(self, alias: Node, use: Any) -> Any:
        if id(alias) in self._following:
            raise Failure("an anchor contains itself", alias.start)
        self._following.add(id(alias))
        self._alias_depth += 1
        result = use(alias.value[0])
        self._alias_depth -= 1
        self._following.discard(id(alias))
        return result

    def _count(self, node: Node, depth: int) -> None:
        self._decoded += 1
        if depth > self._limits.max_depth:
            raise Failure("nested too deeply", node.start)
        if not self._alias_depth:
            return
        self._by_alias += 1
        if self._decoded > self._limits.max_nodes or (
            self._by_alias > 100
            and self._decoded > 1000
            and self._by_alias / self._decoded > _allowed_ratio(self._decoded)
        ):
            raise Failure("aliases expand to too much", node.start)


def _allowed_ratio(decoded: int) -> float:
    if decoded <= _RATIO_LOW:
        return 0.99
    if decoded >= _RATIO_HIGH:
        return 0.10
    return 0.99 - 0.89 * ((decoded - _RATIO_LOW) / (_RATIO_HIGH - _RATIO_LOW))


def scalar_value(node: Node) -> Any:
    """Return the value of a scalar node.

    Raises:
        Failure: it does not fit its tag, or JSON cannot hold it.
    """
    if node.tag is None and not node.plain:
        return node.text
    try:
        return scalars.resolve(node.text, node.tag)
    except DocumentError as error:
        raise Failure(error.message, node.start) from None


def key_name(node: Node) -> str:
    """Return the text of a mapping key; an alias stands for the scalar that it names.

    Raises:
        Failure: a collection or a null as key, or a key whose tag does not fit.
    """
    target = node
    while target.kind == ALIAS:
        target = target.value[0]
    if target.kind != SCALAR:
        raise Failure("a collection as mapping key", node.start)
    if target.tag is None and not target.plain:
        return target.text
    try:
        return scalars.key_text(*scalars.classify(target.text, target.tag))
    except DocumentError as error:
        raise Failure(error.message, node.start) from None


def pairs(node: Node) -> Iterator[tuple[Node, Node]]:
    """Yield the keys of a mapping with their values, as written."""
    turns = iter(node.value)
    return zip(turns, turns, strict=True)


def is_merge(key: Node) -> bool:
    """Tell whether a key merges its value into the mapping (``isMerge`` in ``decode.go``)."""
    return key.kind == SCALAR and key.text == "<<" and (key.plain or key.tag == scalars.MERGE)


def merged(node: Node) -> list[Node]:
    """Return the mappings, or aliases of mappings, that a merge key adds, in the order in which they are applied.

    Raises:
        Failure: anything else than a mapping or a sequence of mappings.
    """
    nodes = node.value[::-1] if node.kind == SEQUENCE else [node]
    for each in nodes:
        target = each.value[0] if each.kind == ALIAS else each
        if target.kind != MAPPING:
            raise Failure("a merge key without a mapping", each.start)
    return nodes
