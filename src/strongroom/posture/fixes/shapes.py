"""Changes of mappings that keep the order of their keys, and the marks of what fixes make."""

from __future__ import annotations

from typing import Any

MADE_FOR = "strongroom.dev/made-for"
"""Says on a Role that a fix made what its rights are for, so that another one does not take them for idle."""


def renamed(body: dict[str, Any], key: str, name: str, value: Any) -> None:
    """Give an entry another key and value, in its place."""
    entries = [(name, value) if one == key else (one, old) for one, old in body.items() if one != name]
    body.clear()
    body.update(entries)


def put_behind(body: dict[str, Any], behind: tuple[str, ...], name: str, value: Any) -> None:
    """Set an entry; where it is new, behind the last of some keys, else in front."""
    if name in body:
        body[name] = value
        return
    keys = [*body]
    at = max((keys.index(key) + 1 for key in behind if key in body), default=0)
    entries = [*body.items()]
    body.clear()
    body.update([*entries[:at], (name, value), *entries[at:]])
