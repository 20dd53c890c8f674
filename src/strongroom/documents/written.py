"""New YAML and JSON as it is put into a file: in the file's own manner, with marks where its text is taken."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from strongroom.documents.wanted import Octal, Taken
from strongroom.documents.yamltext import scalar

MARK = re.compile("\0([0-9]+)\0")
"""Stands in new text where text of the file goes; no scalar that is written holds a NUL."""


_LONGEST_LINE = 100
_UNWRITABLE = re.compile("[\x7f-\x9f\ufffe\uffff]")
"""Characters that JSON holds as they are and YAML, as which it may be read, does not (YAML 1.2 section 5.1)."""


class Manner:
    """How one document writes things.

    Args:
        is_json: it is JSON, which knows no plain scalars.
        item_indent: columns from a key to the dashes of its list.
        step: columns of one level.
        taken: keeps what is taken, and returns its number.
        short_lists: it writes lists of words in brackets.
    """

    def __init__(
        self,
        *,
        is_json: bool,
        item_indent: int,
        step: int,
        taken: Callable[[Taken], int],
        short_lists: bool = False,
    ) -> None:
        self.is_json = is_json
        self._short_lists = short_lists
        self._item_indent = item_indent
        self.step = step
        self._taken = taken

    def scalar(self, value: Any, quote: str = "") -> str:
        """Return a scalar, or an empty collection."""
        if isinstance(value, Taken):
            return f"\0{self._taken(value)}\0"
        if isinstance(value, Octal):
            return str(int(value)) if self.is_json else f"0{value:o}"
        if value in ({}, []):
            return "{}" if isinstance(value, dict) else "[]"
        if self.is_json:
            return _UNWRITABLE.sub(lambda one: f"\\u{ord(one[0]):04x}", json.dumps(value, ensure_ascii=False))
        return scalar(value, quote)

    def block(self, value: Any, indent: int) -> Iterator[str]:
        """Yield the lines of a mapping or a list that is not empty, in block style."""
        lead = " " * indent
        if isinstance(value, dict):
            for key, item in value.items():
                yield from self._entry(lead, key, item, indent)
            return
        for item in value:
            if isinstance(item, (dict, list)) and item:
                first, *rest = self.block(item, indent + 2)
                yield f"{lead}- {first.lstrip(' ')}"
                yield from rest
            else:
                yield f"{lead}- {self.scalar(item)}"

    def _entry(self, lead: str, key: str, item: Any, indent: int) -> Iterator[str]:
        name = f"{lead}{self.scalar(key)}:"
        if self._short_lists and isinstance(item, list) and item and all(type(one) is str for one in item):
            short = f"{name} {self.flow(item)}"
            if len(short) <= _LONGEST_LINE:
                yield short
                return
        if isinstance(item, (dict, list)) and item:
            yield name
            yield from self.block(item, indent + (self.step if isinstance(item, dict) else self._item_indent))
        else:
            yield f"{name} {self.scalar(item)}"

    def flow(self, value: Any, lead: str | None = None) -> str:
        """Return a value in flow style: on one line, or below each other with ``lead`` before the closing bracket."""
        if not isinstance(value, (dict, list)) or not value:
            return self.scalar(value)
        inner = None if lead is None else f"{lead}{' ' * self.step}"
        if isinstance(value, dict):
            parts = [f"{self.scalar(key)}: {self.flow(item, inner)}" for key, item in value.items()]
        else:
            parts = [self.flow(item, inner) for item in value]
        first, last = "{}" if isinstance(value, dict) else "[]"
        if lead is None:
            return f"{first}{', '.join(parts)}{last}"
        return f"{first}\n{inner}" + f",\n{inner}".join(parts) + f"\n{lead}{last}"
