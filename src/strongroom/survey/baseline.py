"""Baselines: findings that a team has seen and will deal with later."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from strongroom.errors import UsageError
from strongroom.model.finding import Finding
from strongroom.writing import replace_file

_HEAD = "# strongroom baseline: one accepted finding a line: fingerprint, check, path. Sorted; safe to merge.\n"
_DIGITS = 32
_LARGEST = 64 * 1024 * 1024


def read(path: Path) -> frozenset[str]:
    """Return the fingerprints of a baseline file.

    Raises:
        UsageError: it cannot be read, or a line of it is no baseline entry.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise UsageError(f"baseline {path} is too large")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"baseline {path} cannot be read", hint="--write-baseline makes one") from None
    fingerprints: set[str] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        fingerprint = line.split(maxsplit=1)[0]
        if len(fingerprint) != _DIGITS or set(fingerprint) - set("0123456789abcdef"):
            raise UsageError(
                f"baseline {path} has no fingerprint in line {number}", hint="--write-baseline makes it anew"
            )
        fingerprints.add(fingerprint)
    return frozenset(fingerprints)


def write(path: Path, findings: Iterable[Finding]) -> int:
    """Write a baseline of the findings; return how many entries it has.

    Raises:
        OutputError: the file cannot be written.
    """
    lines = sorted({f"{f.fingerprint} {f.id} {''.join(f.origin.path.split())}\n" for f in findings})
    replace_file(path, [_HEAD, *lines], what="baseline")
    return len(lines)
