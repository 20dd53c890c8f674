"""``.gitleaksignore`` (https://github.com/gitleaks/gitleaks#gitleaksignore): fingerprints of accepted findings.

A line is ``COMMIT:FILE:RULE:LINE`` or ``FILE:RULE:LINE``. It holds no value, so that only a scan that finds one there
can turn it into an entry of a baseline.
"""

from __future__ import annotations

import re

from strongroom.leaks.imports.contract import Accepted, Taken

TOOL = "gitleaks"
_COMMIT = re.compile(r"(?P<commit>[0-9a-f]{40}|[0-9a-f]{64}):(?P<file>.+)")
_LINE = re.compile(r"(?P<place>.+):(?P<rule>[^:\s]+):(?P<line>\d{1,9})")
_MOST_NAMED = 5


def read(source: str, text: str) -> Taken:
    """Return what a ``.gitleaksignore`` accepts."""
    accepted: list[Accepted] = []
    wrong: list[int] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            wrong.append(number)
            continue
        committed = _COMMIT.fullmatch(match["place"])
        commit, path = (committed["commit"], committed["file"]) if committed else ("", match["place"])
        accepted.append(Accepted(TOOL, match["rule"], path.replace("\\", "/"), int(match["line"]), commit))
    left: tuple[str, ...] = ()
    if wrong:
        numbers = ", ".join(map(str, wrong[:_MOST_NAMED])) + (", …" if len(wrong) > _MOST_NAMED else "")
        left = (f"no fingerprint of gitleaks in line {numbers}",)
    return Taken(source, TOOL, accepted=tuple(accepted), left=left)


def is_one(name: str, text: str) -> bool:
    """Tell whether a file is one: by its name, or because its first line that says something is a fingerprint."""
    if name.endswith(("gitleaksignore", "betterleaksignore")):
        return True
    first = next((line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    return _LINE.fullmatch(first) is not None
