"""A file in plain in another format, as ``--output-type`` of sops writes it; layout and comments do not come along.

Where sops would drop something without a word (all but the first document of a YAML file), ours refuses.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, TypeAlias

from strongroom.errors import DocumentError, UsageError
from strongroom.files.sops.document import Document, Format, Scalar
from strongroom.model.plaintext import Plaintext

_Tree: TypeAlias = "dict[str, _Tree] | list[_Tree] | Scalar | None"
_Address: TypeAlias = "tuple[str | int, ...]"
_EXPONENT_FROM = 6
_NULL = "tag:yaml.org,2002:null"
_STRING = "tag:yaml.org,2002:str"
_TAGS = {"str": "str", "int": "int", "float": "float", "bool": "bool", "bytes": "str", "time": "timestamp"}


def convert(plain: Plaintext, source: Format, target: Format) -> Plaintext:
    """Return a file in plain in another format.

    Raises:
        DocumentError: it cannot be read.
        UsageError: the format cannot hold what is in it.
    """
    trees = _read(plain.reveal(), source)
    if target.id != "yaml" and len(trees) > 1:
        raise UsageError(f"{target.id} cannot hold {len(trees)} documents", hint="--output-type yaml can")
    return Plaintext(_WRITERS[target.id](trees))


def _read(data: bytes, source: Format) -> list[_Tree]:
    document = source.read(data, False)
    scalars: dict[tuple[int, _Address], Scalar] = {
        (leaf.branch, leaf.address): leaf.scalar for leaf in document.leaves if leaf.scalar.type != "comment"
    }
    if source.id == "yaml":
        return list(_of_yaml(data, scalars))
    if source.id == "json":
        # What a value is, its leaf says; the text is read again for what has no leaf: null, {} and [].
        return [_of_json(json.loads(data.decode("utf-8-sig"), object_pairs_hook=dict), (), scalars)]
    return [_of_leaves(document, source)]


def _of_yaml(data: bytes, scalars: dict[tuple[int, _Address], Scalar]) -> Iterator[_Tree]:
    import yaml

    def tree(node: yaml.Node, branch: int, at: _Address) -> _Tree:
        if isinstance(node, yaml.MappingNode):
            return {str(key.value): tree(value, branch, (*at, str(key.value))) for key, value in node.value}
        if isinstance(node, yaml.SequenceNode):
            return [tree(value, branch, (*at, position)) for position, value in enumerate(node.value)]
        return scalars.get((branch, at))

    try:
        for branch, node in enumerate(yaml.compose_all(data.decode("utf-8-sig"), yaml.CSafeLoader)):
            yield tree(node, branch, ())
    except (yaml.YAMLError, UnicodeDecodeError):
        raise DocumentError("the file is not valid YAML") from None
    except RecursionError:
        raise DocumentError("the file is nested too deeply to be converted") from None


def _of_json(value: Any, at: _Address, scalars: dict[tuple[int, _Address], Scalar]) -> _Tree:
    if isinstance(value, dict):
        return {key: _of_json(one, (*at, key), scalars) for key, one in value.items()}
    if isinstance(value, list):
        return [_of_json(one, (*at, position), scalars) for position, one in enumerate(value)]
    return scalars.get((0, at))


def _of_leaves(document: Document, source: Format) -> _Tree:
    if source.id == "binary":
        return {"data": Scalar("str", document.data)}
    # The INI library of sops has a section for what stands in none, also where there is nothing.
    root: dict[str, Any] = {"DEFAULT": {}} if source.id == "ini" else {}
    for leaf in document.leaves:
        if leaf.scalar.type == "comment":
            continue
        at = root
        for key in leaf.address[:-1]:
            at = at.setdefault(str(key), {})
        at[str(leaf.address[-1])] = leaf.scalar
    return root


def as_text(scalar: Scalar) -> str:
    """Return a value as sops writes it where all values are texts: dotenv, INI, environments (``ValToString``).

    Raises:
        UsageError: it is not UTF-8.
    """
    text = _text(scalar)
    return _float(text) if scalar.type == "float" else text


def _text(scalar: Scalar) -> str:
    text = scalar.data.reveal_text()
    if text is None:
        raise UsageError("a value is not UTF-8, and only binary can hold it")
    return text.lower() if scalar.type == "bool" else text


def _float(text: str) -> str:
    """Write a number as Go's ``FormatFloat`` with ``G`` does, with a digit behind the point where it looks whole.

    That is why a 2 from JSON, whose numbers all are floats, is ``2.0`` here.
    """
    number = float(text.replace("Inf", "inf"))
    if not math.isfinite(number):
        return text
    sign, places, exponent = Decimal(repr(number)).normalize().as_tuple()
    digits = "".join(map(str, places))
    power = len(digits) - 1 + int(exponent)
    minus = "-" if sign else ""
    if number and not -4 <= power < _EXPONENT_FROM:
        mantissa = f"{digits[0]}.{digits[1:]}" if digits[1:] else digits
        return f"{minus}{mantissa}E{'-' if power < 0 else '+'}{abs(power):02}"
    written = f"{Decimal(repr(number)).normalize():f}"
    return written if "." in written else f"{written}.0"


def _json(trees: list[_Tree]) -> bytes:
    return (_as_json(trees[0], 0) + "\n").encode()


def _as_json(tree: _Tree, depth: int) -> str:
    # sops indents with tabs where nothing else is said.
    start, end = "\n" + "\t" * (depth + 1), "\n" + "\t" * depth
    if isinstance(tree, Scalar):
        plain = tree.type in {"int", "bool"} or (tree.type == "float" and _is_finite(tree))
        return _text(tree) if plain else json.dumps(_text(tree), ensure_ascii=False)
    if isinstance(tree, dict):
        items = [f"{json.dumps(key, ensure_ascii=False)}: {_as_json(value, depth + 1)}" for key, value in tree.items()]
        return "{" + ",".join(start + item for item in items) + end + "}" if items else "{}"
    if isinstance(tree, list):
        return "[" + ",".join(start + _as_json(value, depth + 1) for value in tree) + end + "]" if tree else "[]"
    return "null"


def _is_finite(scalar: Scalar) -> bool:
    if _text(scalar).strip("+-") in {"Inf", "NaN"}:
        raise UsageError("JSON has no infinite numbers")
    return True


def _yaml(trees: list[_Tree]) -> bytes:
    import yaml

    nodes = [_node(tree) for tree in trees]
    written: bytes = yaml.serialize_all(nodes, Dumper=yaml.SafeDumper, encoding="utf-8", indent=4, allow_unicode=True)
    return written


def _node(tree: _Tree) -> Any:
    import yaml

    from strongroom.files.sops.formats.yaml_scalars import resolve

    if isinstance(tree, dict):
        pairs = [(_node(Scalar("str", Plaintext(key))), _node(value)) for key, value in tree.items()]
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=not pairs)
    if isinstance(tree, list):
        return yaml.SequenceNode("tag:yaml.org,2002:seq", [_node(value) for value in tree], flow_style=not tree)
    if tree is None:
        return yaml.ScalarNode(_NULL, "null")
    text = _text(tree)
    if tree.type != "str":
        return yaml.ScalarNode(f"tag:yaml.org,2002:{_TAGS[tree.type]}", text)
    # The emitter quotes what YAML 1.1 would misread; sops reads YAML 1.2.
    style = "|" if "\n" in text else None if resolve(text, None) == ("str", text) else '"'
    return yaml.ScalarNode(_STRING, text, style=style)


def _dotenv(trees: list[_Tree]) -> bytes:
    lines = []
    for key, value in _mapping(trees[0], "dotenv").items():
        if not isinstance(value, Scalar):
            raise UsageError(f"{key} is more than one value, which dotenv cannot hold")
        lines.append(f"{key}=" + as_text(value).replace("\n", "\\n") + "\n")
    return "".join(lines).encode()


def _ini(trees: list[_Tree]) -> bytes:
    sections = []
    for name, section in _mapping(trees[0], "ini").items():
        if not isinstance(section, dict):
            raise UsageError(f"{name} stands in no section, which ini needs")
        lines = [f"[{name}]\n"]
        for key, value in section.items():
            if not isinstance(value, Scalar):
                raise UsageError(f"{name}.{key} is more than one value, which ini cannot hold")
            lines.append(f"{key} = {_ini_value(as_text(value))}\n")
        sections.append("".join(lines))
    return "\n".join(sections).encode()


def _ini_value(text: str) -> str:
    """Quote as the library does with which sops writes (gopkg.in/ini.v1, ``Key`` in ``file.go``)."""
    if "\n" in text or "`" in text:
        return f'"""{text}"""'
    if "#" in text or ";" in text:
        return f"`{text}`"
    return f'"{text}"' if text != text.strip() else text


def _binary(trees: list[_Tree]) -> bytes:
    value = _mapping(trees[0], "binary").get("data")
    if not isinstance(value, Scalar) or value.type not in {"str", "bytes"}:
        raise UsageError("binary holds one text, that of a key data, and there is none")
    return value.data.reveal()


def _mapping(tree: _Tree, target: str) -> dict[str, _Tree]:
    if not isinstance(tree, dict):
        raise UsageError(f"what is no mapping cannot be written as {target}")
    return tree


_WRITERS: dict[str, Callable[[list[_Tree]], bytes]] = {
    "json": _json,
    "yaml": _yaml,
    "dotenv": _dotenv,
    "ini": _ini,
    "binary": _binary,
}
