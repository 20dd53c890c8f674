"""What a run says: the value that every output format renders."""

from __future__ import annotations

import msgspec

from strongroom.model.finding import Audience, Confidence, Finding, Practice, Severity, Standard
from strongroom.model.place import Sighting
from strongroom.model.secret import SecretRecord
from strongroom.model.skipped import Coverage, Skipped


class CheckPage(msgspec.Struct, frozen=True):
    """What is said of a check beside its findings; ``text`` is its page as Markdown."""

    id: str
    title: str
    severity: Severity
    confidence: Confidence
    audience: Audience
    practice: Practice
    standards: tuple[str, ...]
    text: str

    @property
    def section(self) -> dict[str, str]:
        """The sections of the page by heading; the text before the first heading under ``""``."""
        sections: dict[str, list[str]] = {"": []}
        heading, fenced = "", False
        for line in self.text.splitlines():
            fenced ^= line.startswith("```")
            if line.startswith("## ") and not fenced:
                heading = line[3:].strip()
                sections[heading] = []
            else:
                sections[heading].append(line)
        return {name: "\n".join(lines).strip() for name, lines in sections.items()}


class Report(msgspec.Struct, frozen=True):
    """One run's result.

    Attributes:
        tool: name and version, e.g. ``strongroom 0.1.0``.
        sources: as the user named them.
        findings: ordered by severity (highest first), then path, line, column and id.
        secrets: the inventory.
        sightings: recognised values (nature SECRET only), for "one value in several places".
        suppressed: how many findings were left out, by why: ``baseline``, ``ignored``, ``pedantic``.
        skipped, coverage: what was read and what not.
        checks: the pages of the checks, by id.
        standards: the controls that findings name, by id.
        fail_on: the severity from which on the run fails.
        created: ISO 8601 time of the run, UTC.
        leaks_only: True for a scan: it looked for values alone, and joined no inventory.
    """

    tool: str
    sources: tuple[str, ...]
    findings: tuple[Finding, ...]
    secrets: tuple[SecretRecord, ...]
    sightings: tuple[Sighting, ...]
    suppressed: dict[str, int]
    skipped: tuple[Skipped, ...]
    coverage: Coverage
    checks: dict[str, CheckPage]
    standards: dict[str, Standard]
    fail_on: Severity
    created: str
    leaks_only: bool = False

    def count(self, severity: Severity) -> int:
        """How many findings have this severity."""
        return sum(finding.severity is severity for finding in self.findings)

    @property
    def failed(self) -> bool:
        """True where a finding reaches ``fail_on``."""
        return any(finding.severity >= self.fail_on for finding in self.findings)
