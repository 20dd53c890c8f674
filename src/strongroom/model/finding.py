"""What Strongroom says: findings, and the judgement that is attached to them."""

from __future__ import annotations

import enum

import msgspec

from strongroom.model.leak import Leak
from strongroom.model.origin import Origin
from strongroom.model.plaintext import Fingerprint
from strongroom.model.resource import ResourceId


class Severity(enum.IntEnum):
    """How bad it is if the finding is true."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def label(self) -> str:
        """The name as people and options write it: ``high``."""
        return self.name.lower()


class Confidence(enum.IntEnum):
    """How sure we are that the finding is true."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2

    @property
    def label(self) -> str:
        """The name as people and options write it: ``medium``."""
        return self.name.lower()


class Audience(enum.Enum):
    """Who wants to hear of it. The default output speaks to everybody; ``--pedantic`` adds the rest."""

    EVERYBODY = "everybody"
    PEDANTIC = "pedantic"


class Practice(enum.Enum):
    """The habit that a finding speaks against; reports group by it, in this order."""

    PLAINTEXT = "plaintext"
    EXPOSURE = "exposure"
    ACCESS = "access"
    AT_REST = "at-rest"
    ISOLATION = "isolation"
    LIFECYCLE = "lifecycle"

    @property
    def title(self) -> str:
        """The heading that reports use."""
        return _PRACTICE_TITLES[self]


_PRACTICE_TITLES = {
    Practice.PLAINTEXT: "Plaintext where a Secret belongs",
    Practice.EXPOSURE: "How workloads are given their secrets",
    Practice.ACCESS: "Who may reach secrets",
    Practice.AT_REST: "Encryption at rest",
    Practice.ISOLATION: "Isolation of namespaces and stores",
    Practice.LIFECYCLE: "Age, rotation and ownership",
}


class Related(msgspec.Struct, frozen=True):
    """Another place that belongs to a finding, and what it shows; ``resource`` is the object there."""

    origin: Origin
    message: str
    resource: ResourceId | None = None


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong, where, and how sure we are. Never holds a value.

    Attributes:
        id: the check's id, e.g. ``secret-in-configmap``.
        title: the check's title: the bad thing in one sentence.
        message: this case in one sentence; names the field or the secret, never a value.
        resource: the object; None for a file that is no Kubernetes object.
        origin: the exact place.
        fingerprint: stable identity of the finding: survives moved lines; 32 hexadecimal digits.
        value: fingerprint of the secret value that the finding is about, where there is one.
        related: further places.
        frame: the line of the place with its values masked; empty where there is none.
        rule: the recognition rule behind a value finding, e.g. ``betterleaks.github-pat``.
        leak: what ``scan`` says of the value, where it found it.
    """

    id: str
    title: str
    severity: Severity
    confidence: Confidence
    audience: Audience
    practice: Practice
    message: str
    origin: Origin
    fingerprint: str
    resource: ResourceId | None = None
    value: Fingerprint | None = None
    related: tuple[Related, ...] = ()
    standards: tuple[str, ...] = ()
    frame: str = ""
    rule: str = ""
    leak: Leak | None = None


class Standard(msgspec.Struct, frozen=True):
    """One control of a published standard.

    Attributes:
        id: our key for it, e.g. ``CIS-5.4.1``.
        title: the control's title as the standard words it.
        standard: the standard and its version.
        url: where it is published.
    """

    id: str
    title: str
    standard: str
    url: str
