"""Small YAML for people to read: plain objects of mappings, lists and texts, as a manifest writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

_PLAIN = re.compile(r"[A-Za-z](?:[-A-Za-z0-9_./:]*[-A-Za-z0-9_./])?")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
"""Texts that YAML 1.1 reads as something else (https://yaml.org/type/bool.html)."""
_HIDDEN = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What YAML does not let stand as it is (YAML 1.2.2, section 5.1), and JSON does."""


def quoted(text: str) -> str:
    """Return a text in double quotes, as YAML and JSON both read it.

    A character beyond the first 65,536 stays as it is: JSON would escape it in two parts, which YAML does not know
    (YAML 1.2.2, section 5.7).
    """
    return escaped(json.dumps(text, ensure_ascii=False))


def escaped(text: str) -> str:
    """Return JSON whose quoted texts are YAML too."""
    return _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def scalar(value: object, quote: str = "") -> str:
    """Return a scalar; a text without quotes where it needs none and ``quote`` names no mark."""
    if not isinstance(value, str):
        return json.dumps(value)
    if quote == "'" and value.isprintable() and "'" not in value:
        return f"'{value}'"
    if not quote and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return quoted(value)


def flow(values: Iterable[object], quote: str = "") -> str:
    """Return a list on one line: ``[get, list]``."""
    return f"[{', '.join(scalar(value, quote) for value in values)}]"


def block(value: dict[str, Any], indent: int = 0) -> Iterator[str]:
    """Yield the lines of a mapping, without line feeds; lists of scalars stand on one line."""
    lead = " " * indent
    for key, item in value.items():
        name = f"{lead}{scalar(key)}:"
        if isinstance(item, dict) and item:
            yield name
            yield from block(item, indent + 2)
        elif isinstance(item, (list, tuple)) and any(isinstance(one, dict) and one for one in item):
            yield name
            for one in item:
                lines = block(one, indent + 4) if isinstance(one, dict) and one else iter((scalar(one),))
                yield f"{lead}  - {next(lines).lstrip()}"
                yield from lines
        elif isinstance(item, (list, tuple)):
            yield f"{name} {flow(item)}"
        else:
            yield f"{name} {'{}' if item == {} else scalar(item)}"
