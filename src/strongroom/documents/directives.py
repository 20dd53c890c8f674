"""What people write to Strongroom in comments of their manifests.

::

    password: hunter2  # strongroom: ignore[secret-in-configmap] a demo password
    # strongroom: ignore[secret-in-env, plain-secret-manifest] speaks of the next line
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from strongroom.documents import comments

_NEEDLES: Final = tuple("strongroom:".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
_IGNORE: Final = re.compile(r"\#+\s*strongroom:\s*ignore\s*\[(?P<ids>[^\]]*)\]\s*[-:]*\s*(?P<reason>.*)")


class Ignore(msgspec.Struct, frozen=True):
    """One directive that something is known and accepted.

    Args:
        line: 1-based line of the comment.
        ids: the checks that it names, in its order.
        reason: what people gave as the reason, empty where they gave none.
        own_line: True where nothing but the comment stands on its line, so that it speaks of the next one.
    """

    line: int
    ids: tuple[str, ...]
    reason: str
    own_line: bool


def directives(data: bytes, document_index: int | None = None) -> list[Ignore]:
    """Return the ``ignore`` directives of a file, or of one of its documents, in their order."""
    if not any(needle in data for needle in _NEEDLES):
        return []  # nearly every file: not worth a parse
    found = []
    for comment in comments.find(data, document_index):
        match = _IGNORE.match(comment.text)
        if match is None:
            continue
        ids = tuple(filter(None, (each.strip() for each in match["ids"].split(","))))
        found.append(Ignore(comment.line, ids, match["reason"].strip(), comment.own_line))
    return found
