"""Write what was taken over as one rule file, which ``--rules`` reads again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from strongroom.leaks.imports.allowlist import Allowlist
from strongroom.leaks.imports.contract import Taken


def toml_of(taken: Iterable[Taken]) -> str:
    """Return rules, allowlists and switched-off rules as TOML in the form of gitleaks."""
    every = tuple(taken)
    disabled = sorted({id_ for one in every for id_ in one.disabled})
    parts = ["# Rules taken over by strongroom scan --import. The form is that of gitleaks, with filters.\n"]
    if disabled:
        parts.append(f"[extend]\ndisabledRules = {_value(disabled)}\n")
    parts += [_allowlist(entry) for entry in dict.fromkeys(entry for one in every for entry in one.allowlists)]
    rules = {rule.id: rule for one in every for rule in one.rules}
    parts += [rule.toml for rule in rules.values()]
    return "\n".join(parts)


def _allowlist(entry: Allowlist) -> str:
    fields: dict[str, Any] = {
        "targetRules": entry.rules,
        "condition": "AND" if entry.together else "",
        "commits": entry.commits,
        "paths": entry.paths,
        "regexTarget": "" if entry.target == "secret" else entry.target,
        "regexes": entry.regexes,
        "stopwords": entry.stopwords,
    }
    lines = [f"{name} = {_value(value)}" for name, value in fields.items() if value]
    return "\n".join(["[[allowlists]]", *lines, ""])


def _value(value: Any) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False).replace("\x7f", "\\u007f")
