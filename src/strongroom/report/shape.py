"""The shapes of the JSON outputs, as types; ``schema/*.json`` are made from them.

Within a version, fields are only ever added; every field is always there.
"""

from __future__ import annotations

import enum
from typing import Annotated, Any

import msgspec

from strongroom.model.finding import Audience, Confidence, Practice, Severity
from strongroom.model.place import Context
from strongroom.model.secret import How, Way
from strongroom.model.skipped import Reason

VERSION = 1


def _one_of(kind: type[enum.Enum]) -> msgspec.Meta:
    names = [one.label if isinstance(one, (Severity, Confidence)) else one.value for one in kind]
    return msgspec.Meta(extra_json_schema={"enum": names})


SeverityName = Annotated[str, _one_of(Severity)]
ConfidenceName = Annotated[str, _one_of(Confidence)]
AudienceName = Annotated[str, _one_of(Audience)]
PracticeName = Annotated[str, _one_of(Practice)]
ContextName = Annotated[str, _one_of(Context)]
HowName = Annotated[str, _one_of(How)]
WayName = Annotated[str, _one_of(Way)]
ReasonName = Annotated[str, _one_of(Reason)]
VersionNumber = Annotated[int, msgspec.Meta(extra_json_schema={"const": VERSION})]
Number = Annotated[int, msgspec.Meta(ge=0)]
Identity = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$", description="Survives moved lines.")]
ShortFingerprint = Annotated[
    str,
    msgspec.Meta(pattern="^fp:[0-9a-f]{8}$", description="Keyed: tells that values are equal, not what they are."),
]


class Resource(msgspec.Struct, frozen=True):
    """An object by name; ``namespace`` is empty where the manifest names none."""

    group: str
    kind: str
    namespace: str
    name: str


class Location(msgspec.Struct, frozen=True):
    """A place; ``end_line`` and ``end_column`` are exclusive and 0 where they are not known."""

    source: str
    path: str
    line: Number
    column: Number
    end_line: Number
    end_column: Number
    field: str
    inner: str
    document: int
    commit: str
    rendered_by: str


class Related(msgspec.Struct, frozen=True):
    """A further place of a finding."""

    message: str
    location: Location


class Commit(msgspec.Struct, frozen=True):
    """One commit; the date is ISO 8601 in the author's time zone, empty where it cannot be read."""

    id: str
    author: str
    date: str


class Leak(msgspec.Struct, frozen=True):
    """What ``scan`` says of a value; ``places`` counts all, also those that ``related`` leaves out.

    ``masked`` shows at most the first four characters, and those only where they are public, such as ``ghp_``.
    ``present`` is null where no history was read; ``verified`` is empty where the issuer was not asked.
    """

    what: str
    masked: str
    entropy: float
    places: Number
    first: Commit | None
    last: Commit | None
    present: bool | None
    encoding: str
    live: list[str]
    consumers: list[str]
    verified: str
    todo: list[str]


class Finding(msgspec.Struct, frozen=True):
    """One finding. ``value`` is a short keyed fingerprint, never a value."""

    id: str
    title: str
    severity: SeverityName
    confidence: ConfidenceName
    audience: AudienceName
    practice: PracticeName
    message: str
    resource: Resource | None
    location: Location
    fingerprint: Identity
    standards: list[str]
    help: str
    value: ShortFingerprint | None
    rule: str
    frame: str
    related: list[Related]
    leak: Leak | None


class Key(msgspec.Struct, frozen=True):
    """One key of a Secret; ``fingerprint`` is null where the sources do not hold the value.

    ``expires`` is when the certificate or token in it ends, ISO 8601; empty where it holds neither.
    """

    name: str
    fingerprint: ShortFingerprint | None
    weak: str
    placeholder: bool
    public: bool
    expires: str
    location: Location


class Defined(msgspec.Struct, frozen=True):
    """One thing that defines a Secret: of labels those of ownership and version, of annotations the names only."""

    how: HowName
    resource: Resource
    type: str
    keys: list[Key]
    keys_known: bool
    labels: dict[str, str]
    annotations: list[str]
    created: str
    changed: str
    changed_by: str
    immutable: bool
    location: Location


class StoredAt(msgspec.Struct, frozen=True):
    """The external store and path that a value comes from."""

    provider: str
    store: str
    path: str
    property: str
    key: str
    refresh: str
    location: Location


class Consumed(msgspec.Struct, frozen=True):
    """One use of a Secret."""

    way: WayName
    resource: Resource
    container: str
    key: str
    target: str
    optional: bool
    location: Location


class Secret(msgspec.Struct, frozen=True):
    """One record of the inventory."""

    namespace: str
    name: str
    type: str
    defined: list[Defined]
    stored: list[StoredAt]
    delivered: list[WayName]
    consumed: list[Consumed]


class Place(msgspec.Struct, frozen=True):
    """One place where a value stands."""

    context: ContextName
    name: str
    resource: Resource | None
    location: Location


class Value(msgspec.Struct, frozen=True):
    """One secret value that stands in several places."""

    fingerprint: ShortFingerprint
    what: str
    places: list[Place]


class Todo(msgspec.Struct, frozen=True):
    """One deed that settles several findings."""

    text: str
    severity: SeverityName
    checks: list[str]
    findings: int


class Summary(msgspec.Struct, frozen=True):
    """Counts and the verdict; ``created`` is the only part that differs between two runs over the same input."""

    created: str
    tool: str
    failed: bool
    fail_on: SeverityName
    findings: dict[str, Number]
    suppressed: dict[str, Number]
    secrets: Number
    first: list[Todo]


class Read(msgspec.Struct, frozen=True):
    """What was read."""

    files: int
    documents: int
    objects: int
    other_documents: int
    other_files: int
    notes: list[str]


class Unread(msgspec.Struct, frozen=True):
    """One thing that was not read; line and column are 0 where it is the file as a whole."""

    path: str
    line: Number
    column: Number
    reason: ReasonName
    detail: str
    problem: bool


class Standard(msgspec.Struct, frozen=True):
    """One control that findings name."""

    id: str
    title: str
    standard: str
    url: str


class Document(msgspec.Struct, frozen=True):
    """The whole report."""

    version: VersionNumber
    sources: list[str]
    summary: Summary
    coverage: Read
    inventory: list[Secret]
    values: list[Value]
    findings: list[Finding]
    standards: list[Standard]
    skipped: list[Unread]


class Inventory(msgspec.Struct, frozen=True):
    """The inventory by itself."""

    version: VersionNumber
    sources: list[str]
    coverage: Read
    inventory: list[Secret]
    values: list[Value]
    skipped: list[Unread]


def schema(shape: type[msgspec.Struct], title: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of one output."""
    (reference,), components = msgspec.json.schema_components([shape], ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **reference,
        "$defs": dict(sorted(components.items())),
    }
