"""From a body and its places to leaves."""

from __future__ import annotations

from typing import Any, Final

from strongroom.documents.exact import Path
from strongroom.documents.formats.format import Leaf
from strongroom.documents.limits import Limits
from strongroom.documents.positions import Finder

_MAX_LEAVES: Final = 100_000


def leaves_of(text: str, body: Any, finder: Finder, limits: Limits) -> list[Leaf] | None:
    """Return the strings and numbers below ``body`` in their order, None where there are too many."""
    del limits
    found: list[Leaf] = []
    waiting: list[tuple[Path, Any]] = [((), body)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [((*path, key), item) for key, item in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [((*path, index), item) for index, item in reversed(list(enumerate(value)))]
        elif value is not None and not isinstance(value, bool):
            place = finder.inner(path, 0, len(value)) if isinstance(value, str) else finder.value(path)
            if place is None or len(found) >= _MAX_LEAVES:
                return None
            shown = value if isinstance(value, str) else text[place.start : place.end]
            found.append(Leaf(path, shown, place.start, place.end))
    return found
