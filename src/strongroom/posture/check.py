"""The contract of a check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

import msgspec

from strongroom.model.controlplane import AuditPolicy, EncryptionConfiguration, EtcdContents, HostFile, Server
from strongroom.model.facts import Facts
from strongroom.model.file import FileFact
from strongroom.model.finding import Audience, Confidence, Practice, Related, Severity
from strongroom.model.origin import FieldPath, Origin
from strongroom.model.place import Sighting
from strongroom.model.plaintext import Fingerprint
from strongroom.model.rbac import Binding, Role
from strongroom.model.reach import Detour, Exposed
from strongroom.model.resource import Resource, ResourceId
from strongroom.model.secret import SecretRecord
from strongroom.model.workload import Workload

Subject = TypeVar(
    "Subject",
    Resource,
    Workload,
    SecretRecord,
    Sighting,
    Role,
    Binding,
    FileFact,
    Server,
    EncryptionConfiguration,
    AuditPolicy,
    HostFile,
    EtcdContents,
    Exposed,
    Detour,
    Facts,
)


class Hit(msgspec.Struct, frozen=True):
    """One case that a check found. The runner makes the `Finding` of it.

    Attributes:
        message: this case in one sentence: names the field, the container, the secret; never a value.
        origin: the place: ``resource.origin.at(field)``; its line is looked up afterwards.
        resource: the object that the place belongs to.
        severity, confidence, audience: where this case differs from the check's own.
        value: fingerprint of the value that it is about.
        rule: the recognition rule behind it.
        related: further places.
        about: distinguishes several hits at the same field; never a value.
    """

    message: str
    origin: Origin
    resource: ResourceId | None = None
    severity: Severity | None = None
    confidence: Confidence | None = None
    audience: Audience | None = None
    value: Fingerprint | None = None
    rule: str = ""
    related: tuple[Related, ...] = ()
    about: str = ""


def hit(resource: Resource, field: FieldPath, message: str, **more: object) -> Hit:
    """Make the hit for a field of an object; further attributes as in `Hit`."""
    return Hit(message, resource.origin.at(field), resource.id, **more)  # type: ignore[arg-type]


class Check(msgspec.Struct, Generic[Subject], frozen=True):
    """One check. Declared once, as ``CHECK``, at the end of its file; the file's docstring is its page.

    Attributes:
        id: named after the bad thing, e.g. ``secret-in-env``; equals the file's name with dashes; never reused.
        title: the bad thing in one sentence without a full stop.
        practice: the group in reports.
        severity, confidence, audience: the usual judgement; a `Hit` may differ.
        standards: keys of ``posture.standards``.
        over: what it looks at: the type of ``examine``'s first argument.
        examine: yields the hits for one subject; pure.
    """

    id: str
    title: str
    practice: Practice
    severity: Severity
    confidence: Confidence
    standards: tuple[str, ...]
    over: type[Subject]
    examine: Callable[[Subject, Facts], Iterator[Hit]]
    audience: Audience = Audience.EVERYBODY


def subjects(facts: Facts, over: type[Subject]) -> Iterable[Subject]:
    """Return what a check of this kind looks at."""
    table: dict[type, Iterable[object]] = {
        Resource: facts.resources,
        Workload: facts.workloads,
        SecretRecord: facts.secrets,
        Sighting: facts.sightings,
        Role: facts.roles,
        Binding: facts.bindings,
        FileFact: facts.files,
        Server: facts.control_plane.servers,
        EncryptionConfiguration: facts.control_plane.encryption,
        AuditPolicy: facts.control_plane.policies,
        HostFile: facts.control_plane.files,
        EtcdContents: facts.control_plane.stores,
        Exposed: facts.exposed,
        Detour: facts.detours,
        Facts: (facts,),
    }
    return table[over]  # type: ignore[return-value]
