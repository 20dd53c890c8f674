"""What taking over a file of another scanner gives."""

from __future__ import annotations

import msgspec

from strongroom.leaks.imports.allowlist import Allowlist
from strongroom.model.decision import Decision


class Rule(msgspec.Struct, frozen=True):
    """One rule in the recognition library's own TOML.

    Attributes:
        id: its id in the file.
        toml: the table, header included.
        found, quiet: examples that it must find, and texts in which it must not find anything.
        path: the pattern of paths that it looks at; empty for all.
    """

    id: str
    toml: str
    found: tuple[str, ...] = ()
    quiet: tuple[str, ...] = ()
    path: str = ""


class Accepted(msgspec.Struct, frozen=True):
    """One finding that the other scanner was told of.

    Attributes:
        tool: the other scanner.
        rule: its name for what it found.
        path: the file, with ``/``.
        line: 1-based; 0 for any.
        commit: the full id of the only commit that it speaks of; empty for any.
        sha1: SHA-1 of the value in lower-case hexadecimal digits; empty where only the place is known.
        decision: what was decided there.
    """

    tool: str
    rule: str
    path: str
    line: int = 0
    commit: str = ""
    sha1: str = ""
    decision: Decision = Decision.ACCEPTED


class Taken(msgspec.Struct, frozen=True):
    """What one file gave.

    Attributes:
        source: the file.
        tool: who wrote it.
        rules: rules, converted.
        allowlists: what speaks of every rule, built-in ones too.
        disabled: built-in rules that are switched off.
        accepted: findings that are known.
        left: what could not be taken over, one sentence each; never a value.
    """

    source: str
    tool: str
    rules: tuple[Rule, ...] = ()
    allowlists: tuple[Allowlist, ...] = ()
    disabled: frozenset[str] = frozenset()
    accepted: tuple[Accepted, ...] = ()
    left: tuple[str, ...] = ()

    def summary(self) -> str:
        """Say in one line what was taken over."""
        parts = [
            _counted(len(self.rules), "rule"),
            _counted(len(self.allowlists), "allowlist"),
            _counted(len(self.disabled), "rule switched off", "rules switched off"),
            _counted(len(self.accepted), "known finding"),
        ]
        return f"{self.source} ({self.tool}): {', '.join(filter(None, parts)) or 'nothing to take over'}"


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}" if count else ""
