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

_HINTS = ("pass", "pwd", "secret", "token", "key", "cred", "auth", "dsn", "conn", "cookie", "identified")
_NAMED = re.compile(
    r"(?:pass|pwd|secret|token|key|cred|auth|dsn|conn|cookie)(?P<rest>[\w.-]{0,60})[\"']?[ \t]{0,8}[:=]", re.IGNORECASE
)
_PAIRED = re.compile(r"\bname[\"']?[ \t]*:[ \t]*[\"']?(?P<name>[\w.-]{2,80})")
_PAIR_NAMES = (("name",), ("key",))
_NAME_BEFORE = re.compile(r"[\w.-]{0,120}\Z")
_VALUE = re.compile(
    r"[ \t]{0,8}(?:\"(?P<double>[^\"\n]{1,512})\"(?=[\s,;:)}\]/>#]|\Z)|'(?P<single>[^'\n]{1,512})'(?=[\s,;:)}\]/>#]|\Z)"
    r"|(?P<bare>[^\s\"'(){}\[\],;#][^\s\"'(){}\[\],;]{0,511})[ \t]*[,;]?[ \t]*(?:\r?$|\#|[,}]))",
    re.MULTILINE,
)
_FORMS = (
    # XML elements: <password>…</password>
    re.compile(r"<(?P<name>[\w.-]{2,60})>(?P<value>[^<>\s]{4,256})</(?P=name)>"),
    # calls with a name and a value: define('DB_PASSWORD', '…'), headers:add("x-api-key", "…")
    re.compile(r"[\"'](?P<name>[\w.-]{2,60})[\"'][ \t]*,[ \t]*[\"'](?P<value>[^\"'\n]{4,256})[\"'][ \t]*\)"),
    # XML settings: <add key="Password" value="…"/>
    re.compile(r"\b(?:key|name)=\"(?P<name>[\w.-]{2,60})\"[ \t]+value=\"(?P<value>[^\"\n]{4,256})\""),
    # directives: requirepass …, HTTP_Passwd …, user admin insecure-password …
    re.compile(
        r"^[ \t]*(?:user[ \t]+\S{1,60}[ \t]+)?(?P<name>[\w.-]{0,40}(?:passw(?:or)?d|pass|secret|token|key)[\w.-]{0,20})"
        r"[ \t]+(?P<value>(?=[^\s\"']*[0-9])[^\s\"'#;{}=:][^\s\"';{}=:]{5,127})[ \t]*;?[ \t]*\r?$",
        re.IGNORECASE | re.MULTILINE,
    ),
)
_SQL = re.compile(
    r"\b(?:IDENTIFIED[ \t]+(?:WITH[ \t]+\S{1,40}[ \t]+)?BY|PASSWORD)[ \t]+(?:=[ \t]*)?'(?P<value>[^'\n]{1,256})'",
    re.IGNORECASE,
)
"""A password in SQL: ``CREATE USER … PASSWORD '…'`` (PostgreSQL), ``IDENTIFIED BY '…'`` (MySQL, Oracle)."""
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
    if not _is_promising(text):
        return
    embedded = parse(name, text) if len(text) <= LONGEST else None
    if embedded is None:
        yield from _lines_of(context, text, field, exact=exact)
        return
    pairs = {leaf.path[:-1]: leaf.value for leaf in embedded.leaves if leaf.path[-1:] in _PAIR_NAMES}
    for leaf in embedded.leaves:
        last = pairs.get(leaf.path[:-1], "value") if leaf.path[-1:] == ("value",) else _last_name(leaf.path)
        if worth_a_look(last, leaf.value):
            start, end = (leaf.start, leaf.end) if exact else (0, 0)
            yield Raw(context, last, leaf.value, field, _inner(leaf.path), start, end)


def _is_promising(text: str) -> bool:
    if next(_promising(text), None) is not None or next(_in_other_forms(text), None) is not None:
        return True
    return any(promise(match["name"]) is not None for match in _PAIRED.finditer(text))


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
    for name, start, end in _in_other_forms(text):
        yield Raw(context, name, text[start:end], field, name, *((start, end) if exact else (0, 0)))


def _in_other_forms(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the name, start and end of each value that is not given by ``:`` or ``=``."""
    low = text.lower()
    if not any(hint in low for hint in _HINTS):
        return
    for form in _FORMS:
        for match in form.finditer(text):
            if promise(match["name"]) is not None:
                yield match["name"], *match.span("value")
    for match in _SQL.finditer(text):
        yield "password", *match.span("value")


def _inner(path: FieldPath) -> str:
    """A properties file has flat keys with dots: they are written as they are."""
    return path[0] if len(path) == 1 and isinstance(path[0], str) else show_path(path)


def _last_name(path: FieldPath) -> str:
    for step in reversed(path):
        if isinstance(step, str):
            return step
    return ""
