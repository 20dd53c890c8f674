"""The leaves of a file that is embedded in a value: a properties file in a ConfigMap, JSON in an annotation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from strongroom.documents.embedded import parse
from strongroom.leaks.candidates.raw import Raw, worth_a_look
from strongroom.leaks.names import MAX_NAME, promise
from strongroom.model.origin import FieldPath, show_path
from strongroom.model.place import Context

LONGEST = 1 << 17
"""Larger embedded files are not parsed, which takes a second for each megabyte: their lines are looked at."""

_HINTS = ("pass", "pwd", "secret", "token", "key", "cred", "auth", "dsn", "conn", "cookie")
_NAMED = re.compile(
    r"(?:pass|pwd|secret|token|key|cred|auth|dsn|conn|cookie)(?P<rest>[\w.-]{0,60})[\"']?[ \t]{0,8}[:=]", re.IGNORECASE
)
_NAME_BEFORE = re.compile(r"[\w.-]{0,120}\Z")
_VALUE = re.compile(
    r"[ \t]{0,8}(?:\"(?P<double>[^\"\n]{1,512})\"|'(?P<single>[^'\n]{1,512})'"
    r"|(?P<bare>[^\s\"'(){}\[\],;#][^\s\"'(){}\[\],;]{0,511}))"
    r"[ \t]*[,;]?[ \t]*(?:\r?$|\#|[,}])",
    re.MULTILINE,
)
# what follows a colon or an equals sign in programs, and the head of a YAML block
_CODE = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+|=.*|[|>][+-]?[0-9]?")


def leaves_of(context: Context, name: str, text: str, field: FieldPath, *, exact: bool = True) -> Iterator[Raw]:
    """Yield the leaves of an embedded file that are worth a look.

    A text that is no file of a known format gives the values of its lines whose names promise a secret.

    Args:
        context: what kind of field the text stands in.
        name: the key that holds the file; its suffix tells the format.
        text: the file.
        field: the way to the field that holds it.
        exact: the text stands in the field as it is, so that offsets in it mean something.
    """
    if next(_promising(text), None) is None:
        return
    embedded = parse(name, text) if len(text) <= LONGEST else None
    if embedded is None:
        yield from _lines_of(context, text, field, exact=exact)
        return
    for leaf in embedded.leaves:
        last = _last_name(leaf.path)
        if worth_a_look(last, leaf.value):
            start, end = (leaf.start, leaf.end) if exact else (0, 0)
            yield Raw(context, last, leaf.value, field, _inner(leaf.path), start, end)


def _promising(text: str) -> Iterator[tuple[str, int]]:
    """Yield each name that promises a secret and is followed by ``:`` or ``=``, and where its value starts.

    Finding that there is none is what matters here: it is much cheaper than parsing.
    """
    low = text.lower()
    if not any(hint in low for hint in _HINTS):
        return
    done = 0
    for match in _NAMED.finditer(text):
        if match.start() < done:
            continue
        before = _NAME_BEFORE.search(text, max(match.start() - MAX_NAME // 2, done), match.start())
        start = before.start() if before else match.start()
        name = text[start : match.end("rest")]
        done = match.end()
        if promise(name) is not None:
            yield name, match.end()


def _lines_of(context: Context, text: str, field: FieldPath, *, exact: bool) -> Iterator[Raw]:
    for name, position in _promising(text):
        match = _VALUE.match(text, position)
        if match is None or match.lastgroup is None:
            continue
        value, (start, end) = match[match.lastgroup], match.span(match.lastgroup)
        if match.lastgroup == "bare" and _CODE.fullmatch(value):
            continue
        yield Raw(context, name, value, field, name, *((start, end) if exact else (0, 0)))


def _inner(path: FieldPath) -> str:
    """A properties file has flat keys with dots: they are written as they are."""
    return path[0] if len(path) == 1 and isinstance(path[0], str) else show_path(path)


def _last_name(path: FieldPath) -> str:
    for step in reversed(path):
        if isinstance(step, str):
            return step
    return ""
