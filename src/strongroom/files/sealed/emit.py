"""Objects as text: YAML that any parser reads as the same texts, JSON as ``kubeseal`` writes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from strongroom.documents.yamltext import escaped, quoted, scalar

_BASE64 = re.compile(r"A[A-Za-z0-9+/]{20,}={0,2}")
"""A sealed value begins with a length below 1,024 bytes, so its base64 with ``A``: YAML never takes it for a number."""
_BLOCK = re.compile(r"[^\s\x7f-\x9f\ufeff][^\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\t]*")


def as_yaml(body: Mapping[str, Any]) -> str:
    """Return an object as a YAML document that begins with a separator."""
    return "---\n" + "".join(f"{line}\n" for line in _lines(body, 0))


def as_json(body: Mapping[str, Any]) -> str:
    """Return an object as JSON, indented by two."""
    return escaped(json.dumps(body, indent=2, ensure_ascii=False)) + "\n"


def written(body: Mapping[str, Any], shape: str) -> str:
    """Return an object in the format of this name: ``yaml`` or ``json``."""
    return as_json(body) if shape == "json" else as_yaml(body)


def plain(text: str) -> str:
    """Return a text as a YAML scalar on one line; in quotes unless it needs none."""
    shown = scalar(text)
    return text if _BASE64.fullmatch(text) else shown if shown == text else quoted(text)


def _lines(value: Mapping[str, Any], indent: int) -> Iterator[str]:
    lead = " " * indent
    for key, item in value.items():
        name = f"{lead}{plain(key)}:"
        if isinstance(item, Mapping) and item:
            yield name
            yield from _lines(item, indent + 2)
        elif isinstance(item, str):
            yield from _text(name, item, indent)
        else:  # JSON is YAML
            yield f"{name} {json.dumps(item, ensure_ascii=False)}"


def _text(name: str, text: str, indent: int) -> Iterator[str]:
    body = text.removesuffix("\n")
    if "\n" not in text or not _BLOCK.fullmatch(body) or body.endswith("\n"):
        yield f"{name} {plain(text)}"
        return
    yield f"{name} {'|' if text.endswith(chr(10)) else '|-'}"
    for line in body.split("\n"):
        yield f"{' ' * (indent + 2)}{line}" if line else ""
