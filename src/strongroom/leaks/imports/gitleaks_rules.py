"""gitleaks' own rules (https://github.com/gitleaks/gitleaks#configuration) in the form of the recognition library.

The library reads the same TOML, without entropy and allowlists; it has filters instead, into which both go. A filter is
an expression that drops a finding (github.com/betterleaks/betterleaks ``docs/config.md``).
"""

from __future__ import annotations

import json
import re
from typing import Any

from strongroom.errors import UsageError
from strongroom.leaks.imports.allowlist import Allowlist, compiled, read_allowlist, texts
from strongroom.leaks.imports.contract import Rule, Taken

TOOL = "gitleaks"
_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,99}")
_NOT_TAKEN = {
    "required": "rules that need other rules nearby are not known here: the rule is used alone",
    "components": "rules that need other rules nearby are not known here: the rule is used alone",
    "skipReport": "rules that are only parts of others are left out",
}


def is_one(document: dict[str, Any]) -> bool:
    """Tell whether a TOML document is a configuration of gitleaks or of the library."""
    return any(key in document for key in ("rules", "allowlist", "allowlists", "extend"))


def read(source: str, document: dict[str, Any], extended: tuple[Taken, ...] = ()) -> Taken:
    """Return the rules and allowlists of a configuration.

    Args:
        source: the file.
        document: its TOML.
        extended: what the file that its ``[extend]`` names gave.

    Raises:
        UsageError: something in it has another shape than gitleaks takes.
    """
    left: list[str] = []
    globals_ = _allowlists(document, source)
    disabled = _extend(document, source, left)
    rules: dict[str, Rule] = {rule.id: rule for one in extended for rule in one.rules if rule.id not in disabled}
    tables = document.get("rules", [])
    if not isinstance(tables, list):
        raise UsageError(f"{source} has no list of rules")
    everywhere = tuple(one for other in extended for one in other.allowlists) + tuple(globals_)
    per_rule: list[Allowlist] = []
    for number, table in enumerate(tables, start=1):
        made = _rule(table, f"{source}, rule {number}", everywhere, per_rule, left)
        if made is not None:
            rules[made.id] = made
    asked = (*(one for one in everywhere), *per_rule)
    for other in extended:
        left.extend(other.left)
    usable = tuple(one for one in asked if _usable(one, left))
    return Taken(source, TOOL, tuple(rules.values()), usable, disabled, (), tuple(dict.fromkeys(left)))


def extended_path(document: dict[str, Any]) -> str:
    """Return the path of the configuration that this one extends; empty where there is none."""
    extend = document.get("extend")
    path = extend.get("path", "") if isinstance(extend, dict) else ""
    return path if isinstance(path, str) else ""


def _extend(document: dict[str, Any], source: str, left: list[str]) -> frozenset[str]:
    extend = document.get("extend", {})
    if not isinstance(extend, dict):
        raise UsageError(f"{source} has an extend that is no table")
    if extend.get("url"):
        left.append("extend.url: nothing is downloaded; get the file and name it by extend.path")
    return frozenset(texts(extend, "disabledRules", f"{source}, extend"))


def _allowlists(table: dict[str, Any], where: str) -> list[Allowlist]:
    """Return the allowlists of a configuration or a rule: ``[[allowlists]]``, and the older ``[allowlist]``."""
    many = table.get("allowlists", [])
    old = table.get("allowlist")
    if not isinstance(many, list):
        raise UsageError(f"{where} has no list of allowlists")
    tables = [*many, *([old] if old is not None else [])]
    return [read_allowlist(one, f"{where}, allowlist {number}") for number, one in enumerate(tables, start=1)]


def _rule(
    table: Any, where: str, everywhere: tuple[Allowlist, ...], asked: list[Allowlist], left: list[str]
) -> Rule | None:
    if not isinstance(table, dict) or not isinstance(table.get("id"), str) or not _ID.fullmatch(table["id"]):
        raise UsageError(f"{where} has no id of letters, digits, dots and dashes")
    id_, pattern = table["id"], table.get("regex", "")
    left += [f"rule {id_}: {text}" for key, text in _NOT_TAKEN.items() if table.get(key)]
    if table.get("skipReport"):
        return None
    if not isinstance(pattern, str) or not pattern:
        what = "rules that look only at the path" if table.get("path") else "rules without a pattern"
        left.append(f"rule {id_}: {what} find no value; strongroom audit knows files of credentials")
        return None
    own = _allowlists(table, f"rule {id_}")
    # commits are known only where a finding is: such lists are asked then
    asked += [_for_rule(one, id_) for one in own if one.commits]
    lists = [*own, *(one for one in everywhere if not one.rules or id_ in one.rules)]
    fields: dict[str, Any] = {
        "id": id_,
        "description": table.get("description") or id_,
        "regex": pattern,
        "secretGroup": table.get("secretGroup"),
        "path": table.get("path"),
        "keywords": list(texts(table, "keywords", where)) or None,
        "filter": _filter(table, lists, where) or None,
    }
    lines = [f"{name} = {_toml(value)}" for name, value in fields.items() if value is not None]
    return Rule(
        id_,
        "\n".join(["[[rules]]", *lines, ""]),
        texts(table, "examples", where),
        texts(table, "negative_examples", where),
        table.get("path") or "",
    )


def _for_rule(one: Allowlist, rule: str) -> Allowlist:
    if one.together:
        return Allowlist(one.paths, one.regexes, one.target, one.stopwords, one.commits, (rule,), together=True)
    return Allowlist(commits=one.commits, rules=(rule,))


def _filter(table: dict[str, Any], lists: list[Allowlist], where: str) -> str:
    """Return what drops a finding: the rule's own filter, too little entropy, a keyword that is not there, a list."""
    parts = [f"({table['filter'].strip()})"] if isinstance(table.get("filter"), str) and table["filter"].strip() else []
    entropy = table.get("entropy", 0)
    if not isinstance(entropy, (int, float)) or isinstance(entropy, bool):
        raise UsageError(f"{where} has an entropy that is no number")
    if entropy:
        parts.append(f'entropy(finding["secret"]) <= {float(entropy)}')
    keywords = texts(table, "keywords", where)
    if keywords and not any(word.lower() in table["regex"].lower() for word in keywords):
        parts.append(f'!containsAny(finding["fragment_raw"], {json.dumps(list(keywords), ensure_ascii=False)})')
    parts += [expression for one in lists if (expression := one.expression())]
    return " || ".join(parts)


def _usable(one: Allowlist, left: list[str]) -> bool:
    """Tell whether a list can be asked of what built-in rules find; a match as a whole is not known there."""
    try:
        for pattern in (*one.paths, *one.regexes):
            compiled(pattern)
    except UsageError:
        left.append("an allowlist with a pattern of Go's own is not asked of built-in rules")
        return False
    if one.together and one.commits and not one.of_places:
        left.append('an allowlist with condition = "AND" asks for commits and values together')
        return False
    if one.target == "match" and one.regexes:
        left.append('a global allowlist with regexTarget = "match" looks at the secret alone for built-in rules')
    return True


def _toml(value: Any) -> str:
    """Write a string, a number or a list of strings; JSON's strings are TOML's but for U+007F."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
