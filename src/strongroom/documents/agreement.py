"""Whether a fast YAML 1.2 loader read a document exactly as Kubernetes does.

The Rust loader and go-yaml are both ports of libyaml, so they cut a text into the same scalars and collections. They
differ in anchors, tags and merge keys, for which ``may_try`` looks before the load; and in what a few plain scalars
mean and in keys that are no strings, for which ``settle`` looks at what came out. Either may refuse needlessly, a
quoted ``"yes"`` for one: that costs time and nothing else.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any, Final

from strongroom.documents.limits import Limits
from strongroom.documents.scalars import as_json
from strongroom.errors import DocumentError

FAST_DEPTH: Final = 100
"""Levels up to which the fast loader is asked: its own limit is 128, and libyaml's scanner slows down with depth."""

# An anchor, a tag of YAML's own (``!!str``), a verbatim tag, the non-specific tag. A tag of somebody's own is not
# looked for: the loader gives a mapping with it as the only key, which ``settle`` refuses.
_PROPERTIES = (re.compile(r"&[0-9A-Za-z_-]"), re.compile(r"![!<\s]"))
_MERGE = re.compile(r"<<[ \t]*:")
_BEFORE_PROPERTY = frozenset("\n\r-:?,[{")

_BRACKETS: Final = b"[]{}"
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(_BRACKETS))
_STEP: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
# A level of block nesting takes at least one column of these; two where a sequence stands under its key.
_COLUMNS: Final = bytes.maketrans(b"\t-?", b"   ")
_DEEP_LINE: Final = b" " * FAST_DEPTH

_FALSE_FRIENDS = frozenset(
    ("y", "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", "<<")
)
_LONGEST_WORD: Final = max(map(len, _FALSE_FRIENDS))
_MAX_DOUBTFUL: Final = 64
_ENDS: Final = re.compile(r"[ \t]*+(?:[\r\n\x85\u2028\u2029,\]}:]|\Z|(?<=[ \t])\#)")
_BEFORE_PLAIN: Final = frozenset(" \t\n\r\x85\u2028\u2029[{,:")
_FIRST_OF_NUMBER = frozenset("+-.0123456789")
_FIRST_OF_DOUBTFUL: Final = _FIRST_OF_NUMBER | {word[0] for word in _FALSE_FRIENDS}
# What both sides take for a number where it is plain, so that a string of this form was quoted.
_SAFE = re.compile(r"-?(?:0|[1-9][0-9]{0,17}|(?:0|[1-9][0-9]{0,7})\.[0-9]{1,7})\Z")
# Whatever go-yaml could take for a number: a superset of ``scalars``.
_NUMBER = re.compile(
    r"[-+]?+_*+(?:0_*+[xXoObB][-+0-9a-fA-F_]*+|[0-9][0-9_]*+(?:\.[0-9_]*+)?+(?:[eE]_*+[-+]?+[0-9_]++)?+"
    r"|\.(?:[0-9_]++(?:[eE]_*+[-+]?+[0-9_]++)?+|inf|Inf|INF|nan|NaN|NAN))\Z"
)


def may_try(text: str, limits: Limits) -> bool:
    """Return True where nothing in a text stands against reading it with the fast loader.

    Args:
        text: one document's text.
        limits: a bound shallower than the fast loader's own rules it out.
    """
    if limits.max_depth < FAST_DEPTH or _MERGE.search(text) is not None or _has_properties(text):
        return False
    # the loader keeps every event of a document at once: one that is nothing but tiny nodes is not for it
    return text.count("\n") + text.count(",") <= limits.max_nodes // 2 and not _may_be_deep(text.encode())


def _has_properties(text: str) -> bool:
    for pattern in _PROPERTIES:
        for match in pattern.finditer(text):
            at = match.start() - 1
            while at >= 0 and text[at] in " \t":
                at -= 1
            if at < 0 or text[at] in _BEFORE_PROPERTY:
                return True
    return False


def _may_be_deep(raw: bytes) -> bool:
    if _DEEP_LINE in raw.translate(_COLUMNS):
        return True
    brackets = raw.translate(None, _NOT_BRACKETS)
    bound = FAST_DEPTH // 4
    return len(brackets) > bound and max(accumulate(map(_STEP.__getitem__, brackets))) > bound


def settle(body: Any, text: str) -> bool:
    """Return True where a loaded document is what Kubernetes reads.

    Numbers are brought to their form in JSON on the way.

    Args:
        body: what the fast loader gave; its collections are changed in place.
        text: what it was loaded from.
    """
    if not isinstance(body, (dict, list)):
        return body is None
    doubtful: set[str] = set()
    try:
        _settle(body, doubtful)
    except DocumentError:
        return False
    return not doubtful or not _written_plain(doubtful, text)


def _settle(body: dict[Any, Any] | list[Any], doubtful: set[str]) -> None:
    keys: set[str] = set()
    collections: list[Any] = [body]
    while collections:
        each = collections.pop()
        items = each.items() if type(each) is dict else enumerate(each)
        if type(each) is dict:
            keys.update(each)
        for place, value in items:
            kind = type(value)
            if kind is str:
                if value[:1] in _FIRST_OF_DOUBTFUL and _is_doubtful(value):
                    doubtful.add(value)
            elif kind is dict or kind is list:
                collections.append(value)
            elif kind is float or kind is int:
                each[place] = as_json(value)
    for key in keys:
        if type(key) is not str or key[:1] == "!":
            raise DocumentError("a key that is no plain text")
        if key[:1] in _FIRST_OF_DOUBTFUL and _is_doubtful(key):
            doubtful.add(key)


def _is_doubtful(text: str) -> bool:
    if len(text) <= _LONGEST_WORD and text in _FALSE_FRIENDS:
        return True
    return text[0] in _FIRST_OF_NUMBER and _NUMBER.match(text) is not None and _SAFE.match(text) is None


def _written_plain(doubtful: set[str], text: str) -> bool:
    """Tell whether one of some strings stands where a plain scalar could, without quotes around it."""
    if len(doubtful) > _MAX_DOUBTFUL:
        return True
    for word in doubtful:
        at = text.find(word)
        while at >= 0:
            if (at == 0 or text[at - 1] in _BEFORE_PLAIN) and _ENDS.match(text, at + len(word)):
                return True
            at = text.find(word, at + 1)
    return False
