"""Texts that the library's rules match, made from the rules' own patterns: the catalogue carries no examples."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Iterator
from re import _constants as constants  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_CLASSES = {
    constants.CATEGORY_DIGIT: string.digits,
    constants.CATEGORY_WORD: string.ascii_letters + string.digits + "_",
    constants.CATEGORY_SPACE: " ",
    constants.CATEGORY_NOT_SPACE: string.ascii_letters + string.digits,
    constants.CATEGORY_NOT_WORD: " ",
    constants.CATEGORY_NOT_DIGIT: string.ascii_letters,
}
_ANY = string.ascii_letters + string.digits


def texts(tries: int = 3) -> Iterator[str]:
    """Yield a few texts for each visible rule; the same in every run."""
    from kingfisher_sdk import Rules

    rules = Rules()
    for rule in rules.metadata():
        pattern = rules.detail(rule["id"])["detection_regex"]
        try:
            tree = parser.parse(re.sub(r"\(\?[a-z-]+\)", "", pattern.replace(r"\z", r"\Z")))
        except (re.error, OverflowError, FutureWarning):
            continue  # what only the library's engine understands
        chance = random.Random(rule["id"])  # noqa: S311 - not for secrets
        for _ in range(tries):
            yield f"x = 1\n{_text(tree, chance)}\n"


def _text(tree: Any, chance: random.Random) -> str:
    return "".join(_part(kind, value, chance) for kind, value in tree)


def _part(kind: Any, value: Any, chance: random.Random) -> str:
    if kind is constants.LITERAL:
        return chr(value)
    if kind in (constants.ANY, constants.NOT_LITERAL):
        return chance.choice(_ANY)
    if kind is constants.IN:
        return chance.choice(_members(value))
    if kind in (constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT):
        least, most, inner = value
        count = chance.randint(least, min(most, least + 4)) if least > 1 else min(most, max(least, 1))
        return "".join(_text(inner, chance) for _ in range(count))
    if kind is constants.BRANCH:
        return _text(chance.choice(value[1]), chance)
    if kind is constants.SUBPATTERN:
        return _text(value[3], chance)
    if kind is constants.ATOMIC_GROUP:
        return _text(value, chance)
    return ""  # anchors and what looks around


def _members(items: Any) -> str:
    if items[0][0] is constants.NEGATE:
        banned = _members(items[1:]) if len(items) > 1 else ""
        return "".join(c for c in _ANY if c not in banned) or " "
    found = []
    for kind, value in items:
        if kind is constants.LITERAL:
            found.append(chr(value))
        elif kind is constants.RANGE:
            found.extend(map(chr, range(value[0], min(value[1], 0x7E) + 1)))
        elif kind is constants.CATEGORY:
            found.extend(_CLASSES[value])
    return "".join(found)
