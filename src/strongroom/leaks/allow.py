"""Comments that accept a value where it stands.

::

    token: abc123            # strongroom: ignore a token of the test server, worthless elsewhere
    // strongroom: ignore[betterleaks.jwt, named-password] speaks of the next line and of these rules
    password = "x"           # gitleaks:allow

Ours demands a reason. Those of other tools count as their tools read them, so that a user who changes over loses none:
gitleaks (https://github.com/gitleaks/gitleaks#gitleaksallow), betterleaks, Kingfisher
(https://github.com/mongodb/kingfisher ``context/inline_ignore.rs``), detect-secrets
(https://github.com/Yelp/detect-secrets#inline-allowlisting) and TruffleHog. Kingfisher also lets a comment behind one
value speak of the next line; here only a comment that stands alone does.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

ANY_LEAK: Final = "leak"
"""As an id in brackets: whatever rule found the value."""

_CHECKS: Final = re.compile(r"secret-in-[a-z-]+|plain-secret-manifest|credential-file")
"""Checks of ``strongroom audit`` whose ignore comment accepts the value itself."""

_NEEDLES: Final = (
    b"strongroom:",
    b"gitleaks:allow",
    b"betterleaks:allow",
    b"kingfisher:ignore",
    b"trufflehog:ignore",
    b"pragma:",
)
_LONGEST: Final = 1000
_FARTHEST: Final = 2
"""No comment speaks of more lines than its own, the one before and the one behind."""
_OURS: Final = re.compile(
    r"(?:\#|//|/\*|<!--|--|;|%|\*|'|^)[ \t]*strongroom:[ \t]*ignore(?![\w-])[ \t]*"
    r"(?:\[(?P<ids>[^\]]*)\])?[ \t]*(?:(?!-->)[-:\N{EN DASH}]+[ \t]*)?(?P<reason>.*?)[ \t]*(?:\*/|-->|$)"
)
_SAME_LINE: Final = re.compile(r"gitleaks:allow|betterleaks:allow|trufflehog:ignore", re.IGNORECASE)
_KINGFISHER: Final = re.compile(r"kingfisher:ignore", re.IGNORECASE)
_PRAGMA: Final = re.compile(
    r"(?:\#|//|/\*|<!--|--|'|;|%)[ \t]*pragma: ?(?:allowlist|whitelist)(?P<next>[ -]nextline)?[ -]secret"
)
_COMMENT_START: Final = re.compile(r"\s*(?:\#|//|/\*|<!--|--|;|%|\*|')")


class Allowance(msgspec.Struct, frozen=True):
    """One comment that accepts a value.

    Attributes:
        line: 1-based line of the comment.
        first, last: the lines that it speaks of.
        ids: the rules that it names; empty for all.
        reason: what people gave as the reason; other tools ask for none.
        counts: False for one of ours without a reason.
    """

    line: int
    first: int
    last: int
    ids: tuple[str, ...] = ()
    reason: str = ""
    counts: bool = True


class Allowances:
    """The comments of one file; asked by the lines of a finding."""

    def __init__(self, found: Iterable[Allowance]) -> None:
        self._found = sorted(found, key=lambda one: one.first)
        self._firsts = [one.first for one in self._found]

    def __bool__(self) -> bool:
        return bool(self._found)

    def __iter__(self) -> Iterator[Allowance]:
        return iter(self._found)

    def of(self, rule: str, first_line: int, last_line: int = 0) -> Allowance | None:
        """Return the comment that accepts what a rule found on these lines (1-based, both inclusive), if one does."""
        last_line = max(first_line, last_line)
        start = bisect_left(self._firsts, first_line - _FARTHEST)
        for one in self._found[start : bisect_right(self._firsts, last_line)]:
            if one.counts and one.last >= first_line and _names(one.ids, rule):
                return one
        return None

    @property
    def unreasoned(self) -> tuple[int, ...]:
        """The lines of comments of ours that give no reason, so that they do not count."""
        return tuple(sorted(one.line for one in self._found if not one.counts))


NONE: Final = Allowances(())


def allowances(data: bytes) -> Allowances:
    """Return the comments of a text that accept values in it; cheap where there is none."""
    lowered = data.lower()  # a gigabyte a second, where a search that ignores case takes a hundred times as long
    at = sorted({lowered.rfind(b"\n", 0, hit) + 1 for needle in _NEEDLES for hit in _hits(lowered, needle)})
    if not at:
        return NONE
    found: list[Allowance] = []
    line, counted = 1, 0
    for start in at:
        line += data.count(b"\n", counted, start)
        counted = start
        end = data.find(b"\n", start)
        raw = data[start : end if end >= 0 else len(data)]
        found.extend(_of_line(_around(raw), line))
    return Allowances(found)


def allowed(line: str, rule: str = "", previous: str = "") -> bool:
    """Tell whether a value on a line is accepted by a comment on it, or by one that stands alone on the line before."""
    text = f"{previous}\n{line}".encode("utf-8", "surrogatepass")
    return allowances(text).of(rule, 2) is not None


def _hits(data: bytes, needle: bytes) -> Iterator[int]:
    """Yield where a marker is, once for each line."""
    at = data.find(needle)
    while at >= 0:
        yield at
        end = data.find(b"\n", at)
        at = data.find(needle, end) if end >= 0 else -1


def _around(raw: bytes) -> str:
    """Return a line as text; of a very long one the end, where a comment stands, behind what begins it."""
    if len(raw) > 2 * _LONGEST:
        raw = raw[:_LONGEST] + b" " + raw[-_LONGEST:]
    return raw.decode("utf-8", "replace").rstrip("\r")


def _of_line(text: str, line: int) -> Iterator[Allowance]:
    alone = _COMMENT_START.match(text) is not None
    ours = _OURS.search(text)
    if ours is not None:
        ids = tuple(filter(None, (one.strip() for one in (ours["ids"] or "").split(","))))
        spoken = line + 1 if alone else line
        yield Allowance(line, spoken, spoken, ids, ours["reason"], counts=bool(ours["reason"]))
    if _SAME_LINE.search(text):
        yield Allowance(line, line, line)
    if _KINGFISHER.search(text):
        yield Allowance(line, line - alone, line + alone)
    pragma = _PRAGMA.search(text)
    if pragma is not None:
        spoken = line + 1 if pragma["next"] else line
        yield Allowance(line, spoken, spoken)


def _names(ids: tuple[str, ...], rule: str) -> bool:
    """A rule is named as findings name it (``leak:betterleaks.github-pat``), by its id, or by its last part."""
    if not ids:
        return True
    names = {ANY_LEAK, rule, f"{ANY_LEAK}:{rule}", rule.rpartition(".")[2]}
    return any(one in names or _CHECKS.fullmatch(one) is not None for one in ids)
