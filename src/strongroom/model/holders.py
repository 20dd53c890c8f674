"""Who may do one thing: the value that every output format of ``strongroom access who-can`` renders."""

from __future__ import annotations

import msgspec

from strongroom.model.origin import Origin
from strongroom.model.rbac import Subject
from strongroom.model.resource import ResourceId
from strongroom.model.skipped import Coverage, Skipped


class Asked(msgspec.Struct, frozen=True):
    """What is asked about.

    Attributes:
        resource: plural name, with its subresource: ``pods/exec``; empty for a path.
        name: of one object; empty for any.
        namespaces: where; empty for anywhere.
        path: a URL that is no resource; empty for a resource.
    """

    verb: str
    group: str = ""
    resource: str = ""
    name: str = ""
    namespaces: tuple[str, ...] = ()
    path: str = ""

    def show(self) -> str:
        """Write it as people say it: ``get secrets/db in namespace shop``."""
        if self.path:
            return f"{self.verb} {self.path}"
        kind, slash, sub = self.resource.partition("/")
        group = f".{self.group}" if self.group else ""
        name = f" {self.name}" if self.name else ""
        where = f" in namespace {', '.join(self.namespaces)}" if self.namespaces else ""
        return f"{self.verb} {kind}{group}{slash}{sub}{name}{where}"


class Place(msgspec.Struct, frozen=True, gc=False):
    """An object that gives something, and the field that says so.

    Attributes:
        supposed: True where it was not read: every Kubernetes cluster has it, and no source holds one of its name.
        default: True where every Kubernetes cluster has it, whether it was read or not.
    """

    resource: ResourceId
    origin: Origin
    supposed: bool = False
    default: bool = False


class Grounds(msgspec.Struct, frozen=True, gc=False):
    """By what somebody may do it.

    Attributes:
        namespace: where it reaches; empty for every namespace and the objects of none.
        binding: what gives the role, at the subject.
        role: what allows it, at the rule.
        names: of the objects that the rule is limited to; empty for any.
        limit: what such a limit means for this verb; empty where it means what it says.
    """

    namespace: str
    binding: Place
    role: Place
    names: tuple[str, ...] = ()
    limit: str = ""


class Holder(msgspec.Struct, frozen=True, gc=False):
    """Somebody who may do it.

    Attributes:
        grounds: by what; empty for ``system:masters``, whom no RBAC object limits.
        stands_for: who is meant, for a group of Kubernetes itself; empty for others.
        members: who is in a group, as far as the sources or ``--groups`` say.
        control_plane: True where every Kubernetes cluster gives it to this identity by itself.
    """

    subject: Subject
    grounds: tuple[Grounds, ...] = ()
    stands_for: str = ""
    members: tuple[Subject, ...] = ()
    control_plane: bool = False


class HoldersReport(msgspec.Struct, frozen=True):
    """One answer.

    Attributes:
        tool: name and version.
        sources: as the user named them.
        created: ISO 8601 time of the run, UTC.
        holders: who may do it, those who may do it everywhere first.
        refused: roles and bindings that the API server would refuse, with the reason; they give nothing.
        dangling: bindings to a role that no source holds; they give nothing.
        notes: what the reader must know beside.
    """

    tool: str
    asked: Asked
    sources: tuple[str, ...]
    created: str
    holders: tuple[Holder, ...] = ()
    refused: tuple[tuple[ResourceId, str], ...] = ()
    dangling: tuple[ResourceId, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    coverage: Coverage = Coverage()
