"""Baselines of detect-secrets (https://github.com/Yelp/detect-secrets ``detect_secrets/core/baseline.py``).

They hold the SHA-1 of each value, so that a value that we find in the same file is known by it, wherever it moved to.
Its detector of private keys hashes only the header line; such an entry is known by its line.
"""

from __future__ import annotations

import json
import re
from typing import Any

from strongroom.errors import UsageError
from strongroom.leaks.imports.allowlist import Allowlist, compiled
from strongroom.leaks.imports.contract import Accepted, Taken
from strongroom.model.decision import Decision
from strongroom.model.resource import as_dict, as_list, as_text

TOOL = "detect-secrets"
_SHA1 = re.compile(r"[0-9a-f]{40}")
_BY_LINE = frozenset({"Private Key"})
_OWN_FILTERS = ("allowlist.is_line_allowlisted", "common.is_ignored_due_to_verification_policies", "heuristic.")
_REASONS = {True: Decision.REAL, False: Decision.ACCEPTED}


def is_one(document: Any) -> bool:
    """Tell by its shape whether a JSON document is such a baseline."""
    body = as_dict(document)
    return isinstance(body.get("results"), dict) and ("plugins_used" in body or "generated_at" in body)


def parse(text: str) -> Any:
    """Return the document of a text; None where it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def read(source: str, document: Any) -> Taken:
    """Return what a baseline accepts, and what it filters out."""
    body = as_dict(document)
    accepted: list[Accepted] = []
    wrong = 0
    for path, entries in as_dict(body.get("results")).items():
        for entry in map(as_dict, as_list(entries)):
            found = _accepted(path, entry)
            accepted.extend([found] if found is not None else [])
            wrong += found is None
    allowlists, left = _filters(body)
    if wrong:
        left.append(f"{wrong} results without a hash")
    return Taken(source, TOOL, allowlists=tuple(allowlists), accepted=tuple(accepted), left=tuple(left))


def _accepted(path: str, entry: dict[str, Any]) -> Accepted | None:
    sha1 = as_text(entry.get("hashed_secret")).lower()
    rule = as_text(entry.get("type"))
    if not _SHA1.fullmatch(sha1):
        return None
    line = entry.get("line_number")
    decided = entry.get("is_secret")
    return Accepted(
        tool=TOOL,
        rule=rule,
        path=path.replace("\\", "/"),
        line=line if isinstance(line, int) and rule in _BY_LINE else 0,
        sha1="" if rule in _BY_LINE else sha1,
        decision=_REASONS[decided] if isinstance(decided, bool) else Decision.UNDECIDED,
    )


def _filters(body: dict[str, Any]) -> tuple[list[Allowlist], list[str]]:
    allowlists: list[Allowlist] = []
    left: list[str] = []
    for entry in map(as_dict, as_list(body.get("filters_used"))):
        name = as_text(entry.get("path")).removeprefix("detect_secrets.filters.")
        patterns = tuple(one for one in as_list(entry.get("pattern")) if isinstance(one, str))
        made = {
            "regex.should_exclude_file": Allowlist(paths=patterns),
            "regex.should_exclude_line": Allowlist(regexes=patterns, target="line"),
            "regex.should_exclude_secret": Allowlist(regexes=patterns),
        }.get(name)
        if made is not None and patterns:
            left += [f"{name}: a pattern cannot be used here" for one in patterns if not _works(one)]
            allowlists.append(made)
        elif made is None and not name.startswith(_OWN_FILTERS):
            left.append(f"the filter {name or 'without a name'} has no counterpart")
    limits = sorted(as_text(p.get("name")) for p in map(as_dict, as_list(body.get("plugins_used"))) if "limit" in p)
    if limits:
        left.append(f"the entropy limits of {', '.join(limits)} have no counterpart")
    custom = [p for p in map(as_dict, as_list(body.get("plugins_used"))) if "path" in p]
    if custom:
        left.append(f"{len(custom)} plugins of your own: write a rule for each")
    return allowlists, left


def _works(pattern: str) -> bool:
    try:
        compiled(pattern)
    except UsageError:
        return False
    return True
