"""What another tool found, in our words."""

from __future__ import annotations

import msgspec

from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.origin import Origin
from strongroom.model.plaintext import Fingerprint

PREFIX = "imported:"
"""What the ids of imported findings begin with."""


class Imported(msgspec.Struct, frozen=True):
    """One finding of another tool.

    Attributes:
        tool: its name, as in ids: ``gitleaks``.
        rule: the tool's own id for what it found.
        title: what the rule is about, in the tool's words; never a text that was made for this finding.
        severity, confidence: mapped to ours.
        origin: the place, as far as the tool tells it; the source is the report.
        subject: the object or the artefact that it is about; empty where the place says it.
        secret: True where it is about a secret value.
        values: fingerprints of the value that the tool printed, as it stands and decoded; empty where it printed none.
        url: where the rule is explained.
        practice: the habit that it speaks against.
    """

    tool: str
    rule: str
    title: str
    severity: Severity
    confidence: Confidence
    origin: Origin
    subject: str = ""
    secret: bool = False
    values: tuple[Fingerprint, ...] = ()
    url: str = ""
    practice: Practice = Practice.EXPOSURE

    @property
    def id(self) -> str:
        """The id of the finding that it becomes: ``imported:gitleaks:generic-api-key``."""
        return f"{PREFIX}{self.tool}:{self.rule}"
