"""How people name a place in a document: ``stringData.password``, or as sops ``["stringData"]["password"]``."""

from __future__ import annotations

import re

from strongroom.errors import UsageError

# sops knows no escapes inside of the quotes (parseTreePath in cmd/sops/main.go).
_PART = re.compile(r"""\[(?:"([^"]*)"|'([^']*)'|([0-9]{1,9}))\]""")
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


def address(text: str) -> tuple[str | int, ...]:
    """Read the name of a place; keys are texts, positions in lists numbers from 0.

    In the form with dots, parts of digits alone are positions; a key of digits, or with a dot, needs the form of sops.

    Raises:
        UsageError: it is neither form.
    """
    if not text.startswith("["):
        parts = text.split(".")
        if not all(parts):
            raise UsageError("a path has an empty part", hint="it is written as stringData.password")
        return tuple(int(part) if _NUMBER.fullmatch(part) else part for part in parts)
    found: list[str | int] = []
    at = 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            raise UsageError(
                "a path is not of the form of sops", hint="it is written as '[\"stringData\"][\"password\"]' or '[0]'"
            )
        found.append(int(part[3]) if part[3] is not None else part[1] if part[1] is not None else part[2])
        at = part.end()
    return tuple(found)


def shown(where: tuple[str | int, ...]) -> str:
    """Return a place in the form of sops, for messages."""
    return "".join(f"[{part}]" if isinstance(part, int) else f'["{part}"]' for part in where)
