"""The shape of the JSON of ``access``, as types; ``schema/access-v1.json`` is made from them.

Within a version, fields are only ever added; every field is always there.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from strongroom.report.shape import Location, Number, Read, Resource, Unread, VersionNumber

Question = Annotated[
    str, msgspec.Meta(extra_json_schema={"enum": ["exposure", "reach", "paths", "diff", "review", "what-if"]})
]


class Node(msgspec.Struct, frozen=True):
    """Somebody or something; ``id`` is how the command line takes it."""

    id: str
    kind: str
    namespace: str
    name: str


class Evidence(msgspec.Struct, frozen=True):
    """What makes a step possible: an object and its field, or what every cluster has."""

    role: str
    object: Resource | None
    location: Location | None
    note: str


class Step(msgspec.Struct, frozen=True, rename={"source": "from", "target": "to"}):
    """One step; ``way`` is the id of a way, ``member-of`` or ``includes``; ``condition`` is empty where it works."""

    source: str
    target: str
    way: str
    condition: str
    note: str
    evidence: list[Evidence]


class Reached(msgspec.Struct, frozen=True):
    """One that is reached, or reaches, with the acts that it takes and a shortest path."""

    node: Node
    steps: Number
    path: list[Step]
    control_plane: bool


class Means(msgspec.Struct, frozen=True):
    """A last act by which a Secret is had, and how many identities can come by it."""

    way: str
    identities: Number


class Exposure(msgspec.Struct, frozen=True):
    """Who reaches one Secret; ``by_steps`` counts the identities by the acts that they need, from none on."""

    secret: Node
    identities: Number
    users: Number
    groups: Number
    service_accounts: Number
    nodes: Number
    control_plane: Number
    everyone: str
    by_steps: list[Number]
    more_steps: Number
    means: list[Means]
    reached_by: list[Reached]
    location: Location | None


class Change(msgspec.Struct, frozen=True):
    """Somebody who reaches other Secrets than before."""

    identity: Node
    gained: list[Reached]
    lost: list[Node]
    on_new: list[Node]


class ReviewLine(msgspec.Struct, frozen=True):
    """An identity and the Secrets of a namespace; ``every`` where they are all of them, in all namespaces if empty."""

    identity: Node
    members: Number
    namespace: str
    every: bool
    secrets: list[str]
    count: Number
    steps: Number
    means: list[str]
    granted_by: str
    changed: str
    owners: list[str]


class Way(msgspec.Struct, frozen=True):
    """A way that the answer names."""

    id: str
    title: str
    techniques: list[str]


class Document(msgspec.Struct, frozen=True):
    """One answer."""

    version: VersionNumber
    question: Question
    about: str
    sources: list[str]
    created: str
    conditional: bool
    left_out: Number
    exposures: list[Exposure]
    reached: list[Reached]
    paths: list[list[Step]]
    changes: list[Change]
    review: list[ReviewLine]
    ways: list[Way]
    coverage: Read
    notes: list[str]
    skipped: list[Unread]
