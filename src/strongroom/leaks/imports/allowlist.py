"""Allowlists as gitleaks has them (github.com/gitleaks/gitleaks ``config/allowlist.go``)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from strongroom.errors import UsageError

_LONGEST: Final = 4096
"""Patterns were written for an engine that cannot be slow; ours can, so that it gets no more than this."""
_CLASSES: Final = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "digit": "0-9",
    "lower": "a-z",
    "upper": "A-Z",
    "space": r"\t\n\v\f\r ",
    "xdigit": "0-9A-Fa-f",
    "word": "0-9A-Za-z_",
    "punct": r"!-/:-@\[-`{-~",
}
_FLAGS: Final = re.compile(r"\(\?([ims]+)\)")
_TARGETS: Final = ("secret", "match", "line")


class Allowlist(msgspec.Struct, frozen=True):
    """What to leave out; any of its parts is enough, unless ``together`` asks for all that are there.

    Attributes:
        paths, regexes: patterns in the syntax of Go.
        target: what ``regexes`` look at: ``secret``, ``match`` (all that the rule's pattern took), ``line``.
        stopwords: words that the secret must not hold; upper and lower case are the same.
        commits: full ids.
        rules: ids of the rules that it speaks of; empty for all.
    """

    paths: tuple[str, ...] = ()
    regexes: tuple[str, ...] = ()
    target: str = "secret"
    stopwords: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    together: bool = False

    def expression(self) -> str:
        """Return it as a filter of the recognition library; empty where it cannot be one.

        A filter knows no commits: a list that has them must be asked by `matcher`.
        """
        parts = []
        if self.paths:
            parts.append(f'matchesAny(attributes["path"], {_words(self.paths)})')
        if self.regexes:
            parts.append(f'matchesAny(finding["{self.target}"], {_words(self.regexes)})')
        if self.stopwords:
            parts.append(f'containsAny(finding["secret"], {_words(self.stopwords)})')
        if self.together and self.commits:
            return ""
        return f"({(' && ' if self.together else ' || ').join(parts)})" if parts else ""

    @property
    def of_places(self) -> bool:
        """True where it asks for no value, only for rule, path and commit."""
        return not (self.regexes or self.stopwords)

    def parts(self) -> tuple[Allowlist, ...]:
        """Return lists that say the same, of which each is either of places or of values, as far as that can be."""
        if self.together or self.of_places or not (self.paths or self.commits):
            return (self,)
        places = msgspec.structs.replace(self, regexes=(), stopwords=())
        return places, msgspec.structs.replace(self, paths=(), commits=())

    def matcher(self) -> Callable[[str, str, str, str, str], bool]:
        """Return the test of a finding by rule, secret, line, path and commit.

        Raises:
            UsageError: one of its patterns uses what Python's engine lacks.
        """
        paths, regexes = [compiled(text) for text in self.paths], [compiled(text) for text in self.regexes]
        stopwords = tuple(word.lower() for word in self.stopwords)

        def test(rule: str, secret: str, line: str, path: str, commit: str) -> bool:
            if self.rules and rule not in self.rules and rule.partition(".")[2] not in self.rules:
                return False
            text = line if self.target == "line" else secret
            results = [
                *([commit.lower() in self.commits] if self.commits else []),
                *([any(one.search(path[:_LONGEST]) for one in paths)] if paths else []),
                *([any(one.search(text[:_LONGEST]) for one in regexes)] if regexes else []),
                *([any(word in secret[:_LONGEST].lower() for word in stopwords)] if stopwords else []),
            ]
            return bool(results) and (all(results) if self.together else any(results))

        return test


def read_allowlist(table: Any, where: str) -> Allowlist:
    """Return an allowlist of its TOML table.

    Raises:
        UsageError: a field has another type than gitleaks takes, or a value that it does not know.
    """
    if not isinstance(table, dict):
        raise UsageError(f"{where} is no table")
    target = table.get("regexTarget", "") or "secret"
    condition = str(table.get("condition", "OR")).upper()
    if target not in _TARGETS:
        raise UsageError(f"{where} has an unknown regexTarget", hint="match or line")
    if condition not in {"OR", "||", "AND", "&&"}:
        raise UsageError(f"{where} has an unknown condition", hint="OR or AND")
    return Allowlist(
        paths=texts(table, "paths", where),
        regexes=texts(table, "regexes", where),
        target=target,
        stopwords=texts(table, "stopwords", where),
        commits=tuple(commit.strip().lower() for commit in texts(table, "commits", where)),
        rules=texts(table, "targetRules", where),
        together=condition in {"AND", "&&"},
    )


def texts(table: dict[str, Any], name: str, where: str) -> tuple[str, ...]:
    """Return a list of strings of a table; none where it is not there.

    Raises:
        UsageError: it is something else.
    """
    value = table.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise UsageError(f"{where} has no list of strings in {name}")
    return tuple(value)


def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern in the syntax of Go (https://github.com/google/re2/wiki/Syntax) with Python's engine.

    Raises:
        UsageError: it uses what Python's engine lacks.
    """
    try:
        return re.compile(_python_syntax(pattern))
    except (re.error, OverflowError, RecursionError):
        raise UsageError("a pattern uses what cannot be taken over", hint="see docs/migrating") from None


def _python_syntax(pattern: str) -> str:
    """Translate what differs: flags in the middle, classes with names, the end of the text, quoted parts.

    Flags hold to the end of their group, behind each ``|`` too; Python wants a group of their own.
    """
    out: list[str] = []
    groups: list[list[str]] = [[]]  # the flag groups that are open in each open group
    position, in_class = 0, False
    while position < len(pattern):
        flags = None if in_class else _FLAGS.match(pattern, position)
        if flags is not None:
            groups[-1].append(f"(?{flags[1]}:")
            out.append(groups[-1][-1])
            position = flags.end()
            continue
        inside = in_class
        piece, position, in_class = _piece(pattern, position, in_class)
        if not inside and piece in {")", "|"}:
            piece = _closed(piece, groups)
        elif not inside and piece == "(":
            groups.append([])
        out.append(piece)
    return "".join(out) + ")" * len(groups[0])


def _closed(piece: str, groups: list[list[str]]) -> str:
    """Return ``)`` or ``|`` with the flag groups that end there, opened again behind ``|``."""
    ended = ")" * len(groups[-1])
    if piece == "|":
        return f"{ended}|{''.join(groups[-1])}"
    if len(groups) > 1:
        groups.pop()
    return ended + piece


def _piece(pattern: str, at: int, in_class: bool) -> tuple[str, int, bool]:
    """Return the next piece of a pattern in Python's syntax, where it ends, and whether a class is open behind it."""
    two = pattern[at : at + 2]
    if two == r"\Q":
        end = pattern.find(r"\E", at)
        text = pattern[at + 2 : end if end >= 0 else len(pattern)]
        return f"(?:{re.escape(text)})", end + 2 if end >= 0 else len(pattern), in_class
    if two == r"\z":
        return r"\Z", at + 2, in_class
    if two in {r"\p", r"\P", r"\C"}:
        raise UsageError("a pattern uses what cannot be taken over", hint="see docs/migrating")
    if two.startswith("\\"):
        return two, at + 2, in_class
    if in_class and two == "[:":
        end = pattern.find(":]", at)
        if (named := _CLASSES.get(pattern[at + 2 : end])) is not None:
            return named, end + 2, True
    char = pattern[at]
    if in_class:
        return ("\\[" if char == "[" else char), at + 1, char != "]"
    if char == "[":
        # a ] that comes first stands for itself
        lead = re.compile(r"\[\^?\]?").match(pattern, at)
        assert lead is not None  # noqa: S101 - it begins with [
        return lead[0].replace("]", r"\]"), lead.end(), True
    return char, at + 1, False


def _words(words: Sequence[str]) -> str:
    return json.dumps(list(words), ensure_ascii=False)
