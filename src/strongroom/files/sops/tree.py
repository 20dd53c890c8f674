"""What a file in plain means, without its layout: trees that can be compared and merged.

A tree is a mapping, a list or a scalar; a scalar is its type and its text, so that ``1``, ``"1"`` and ``1.0`` differ.
Trees hold values: they live inside the functions that merge, and nothing stores or shows them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from strongroom.errors import DocumentError, LimitError
from strongroom.files.sops.document import Format
from strongroom.files.sops.nesting import too_deep

Key: TypeAlias = "str | tuple[str, str]"
Scalar: TypeAlias = tuple[str, str]
Tree: TypeAlias = "dict[Key, Tree] | list[Tree] | Scalar"
Address: TypeAlias = "tuple[Key | int, ...]"

_MOST_NODES = 2_000_000
_STRING = "tag:yaml.org,2002:str"


def tree_of(data: bytes, form: Format) -> Tree:
    """Return the tree of a file in plain; of YAML the list of its documents.

    Raises:
        DocumentError: it is not of the format.
        LimitError: it is larger or deeper than what is read.
    """
    try:
        return _READERS[form.id](data, form)
    except RecursionError:
        raise LimitError("the file is nested too deeply to be merged") from None


def _yaml(data: bytes, form: Format) -> Tree:  # noqa: ARG001 - one signature for all
    import yaml

    left = _MOST_NODES

    def take(node: yaml.Node) -> Tree:
        nonlocal left
        left -= 1
        if left < 0:
            raise LimitError("the file is too large to be merged", hint="aliases are followed")
        if isinstance(node, yaml.MappingNode):
            return _mapping((_key(take(key)), take(value)) for key, value in node.value)
        if isinstance(node, yaml.SequenceNode):
            return [take(item) for item in node.value]
        return str(node.tag), str(node.value)

    try:
        text = data.decode("utf-8-sig")
        for _ in too_deep(text):
            raise LimitError("the file is nested too deeply to be merged")
        return [take(node) for node in yaml.compose_all(text, yaml.CSafeLoader)]
    except (yaml.YAMLError, UnicodeDecodeError):
        raise DocumentError("the file is not valid YAML") from None


def _mapping(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    """Return pairs as a mapping; a key that is given twice is refused: merging would drop one of its values."""
    made: dict[Any, Any] = {}
    for key, value in pairs:
        if key in made:
            raise DocumentError("a key is given twice in the same mapping")
        made[key] = value
    return made


def _key(tree: Tree) -> Key:
    if not isinstance(tree, tuple):
        raise DocumentError("a key of a mapping is itself a mapping or a list")
    return tree[1] if tree[0] == _STRING else tree


def _json(data: bytes, form: Format) -> Tree:  # noqa: ARG001 - one signature for all
    try:
        body = json.loads(
            data.decode("utf-8-sig"),
            object_pairs_hook=_mapping,
            parse_int=lambda text: ("number", text),
            parse_float=lambda text: ("number", text),
            parse_constant=lambda text: ("number", text),
        )
    except ValueError:
        raise DocumentError("the file is not valid JSON") from None
    return _of_json(body)


def _of_json(body: Any) -> Tree:
    if isinstance(body, dict):
        return {key: _of_json(value) for key, value in body.items()}
    if isinstance(body, list):
        return [_of_json(value) for value in body]
    if isinstance(body, str):
        return "string", body
    return body if isinstance(body, tuple) else ("constant", json.dumps(body))


def to_json(tree: Tree, indent: str = "", depth: int = 0) -> str:
    """Return a tree that was read from JSON as JSON text; without an indent on one line."""
    start, end = (f"\n{indent * (depth + 1)}", f"\n{indent * depth}") if indent else ("", "")
    if isinstance(tree, dict) and tree:
        items = (f"{_quoted(str(key))}: {to_json(value, indent, depth + 1)}" for key, value in tree.items())
        return "{" + ",".join(start + item for item in items) + end + "}"
    if isinstance(tree, list) and tree:
        return "[" + ",".join(start + to_json(value, indent, depth + 1) for value in tree) + end + "]"
    if isinstance(tree, tuple):
        return _quoted(tree[1]) if tree[0] == "string" else tree[1]
    return "{}" if isinstance(tree, dict) else "[]"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _flat(data: bytes, form: Format) -> Tree:
    """Read a file whose leaves are all that it has: dotenv and INI; comments are not part of the tree."""
    root: dict[Key, Tree] = {}
    for leaf in form.read(data, False).leaves:
        if leaf.scalar.type == "comment":
            continue
        at = root
        for key in leaf.address[:-1]:
            below = at.setdefault(str(key), {})
            if not isinstance(below, dict):
                raise DocumentError("a name of the file is a section and a value")
            at = below
        if str(leaf.address[-1]) in at:
            raise DocumentError("a name is given twice")
        at[str(leaf.address[-1])] = (leaf.scalar.type, leaf.scalar.data.reveal().decode("latin-1"))
    return root


def _binary(data: bytes, form: Format) -> Tree:  # noqa: ARG001 - one signature for all
    return "bytes", data.decode("latin-1")


_READERS: dict[str, Callable[[bytes, Format], Tree]] = {
    "yaml": _yaml,
    "json": _json,
    "dotenv": _flat,
    "ini": _flat,
    "binary": _binary,
}
