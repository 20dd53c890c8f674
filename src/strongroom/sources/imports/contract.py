"""The contract of a format of reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.plaintext import Plaintext


class Raw(msgspec.Struct, frozen=True):
    """One finding as a report holds it; attributes as in `model.imported.Imported`.

    Attributes:
        value: what the tool printed of the secret; turned into fingerprints before it goes any further.
        tool: the name of the tool, where the format is that of many.
        practice: the habit that it speaks against, where the format tells; else its title does.
        folder: what the path is relative to, where the tool says so.
        parts: other forms of the value, as where the tool printed an id and a secret in one.
    """

    rule: str
    title: str
    severity: Severity
    confidence: Confidence = Confidence.MEDIUM
    path: str = ""
    line: int = 1
    column: int = 1
    end_line: int = 0
    end_column: int = 0
    commit: str = ""
    subject: str = ""
    secret: bool = False
    value: Plaintext | None = None
    url: str = ""
    tool: str = ""
    practice: Practice | None = None
    folder: str = ""
    parts: tuple[Plaintext, ...] = ()


class Format(msgspec.Struct, frozen=True):
    """One format.

    Attributes:
        id: the tool's name as in ids of findings.
        title: the format for people.
        is_one: tells by its shape whether a decoded document is such a report.
        findings: yields what the report says is wrong.
        notes: yields what the report says that becomes no finding, as a line for people.
    """

    id: str
    title: str
    is_one: Callable[[Any], bool]
    findings: Callable[[Any], Iterator[Raw]]
    notes: Callable[[Any], Iterator[str]] = lambda _: iter(())


BY_NAME = {
    "CRITICAL": Severity.CRITICAL,
    "HIGH": Severity.HIGH,
    "MEDIUM": Severity.MEDIUM,
    "LOW": Severity.LOW,
}
"""Severities that several tools name alike; any other name is `Severity.INFO`."""


def by_score(score: float) -> Severity:
    """Return the severity of a score from 0 to 10 (CVSS v3.1 section 5, qualitative severity rating scale)."""
    for least, severity in ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM)):
        if score >= least:
            return severity
    return Severity.LOW if score > 0 else Severity.INFO


def number(value: Any, default: int = 0) -> int:
    """Return a whole number that is not negative, else the default."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 31 else default


def hidden(text: Any) -> Plaintext | None:
    """Take a value that a tool printed out of sight; None where there is none, or the tool masked it."""
    if not isinstance(text, str) or not text.strip() or set(text) <= set("*xX.…• ") or "REDACTED" in text:
        return None
    return Plaintext(text)
