"""All facts of one run, as the questions are given them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import datetime

from strongroom.model.controlplane import ControlPlane
from strongroom.model.file import FileFact
from strongroom.model.place import Sighting
from strongroom.model.pod import RunningPod
from strongroom.model.rbac import Binding, Role
from strongroom.model.reach import Detour, Exposed
from strongroom.model.resource import Resource
from strongroom.model.secret import SecretRecord, SecretRef
from strongroom.model.settings import Settings
from strongroom.model.workload import Workload


class Facts:
    """Read-only facts and the look-ups that many questions need. Built by ``inventory``.

    Attributes:
        resources: every object, in the order in which it was read.
        workloads: one view for every pod spec.
        secrets: the inventory, ordered by namespace and name.
        sightings: what recognition says of every candidate value, references and placeholders included.
        roles, bindings: RBAC objects.
        files: files that matter as a whole.
        settings: thresholds and conventions.
        now: the time of the run, with its time zone.
        in_repository: True where the sources are files (a plain Secret manifest is a finding there, not in a cluster).
        pods: the running pods, those that a workload made included.
        gaps: what a cluster did not list, as plural name (``secrets``, ``deployments.apps``) and namespace; an empty
            namespace stands for all. Nothing follows from the absence of such objects.
        control_plane: its servers, configuration, files and stored bytes.
        exposed, detours: what the graph of access says, where it was asked (`knowing`).
    """

    def __init__(
        self,
        *,
        resources: tuple[Resource, ...],
        workloads: tuple[Workload, ...],
        secrets: tuple[SecretRecord, ...],
        sightings: tuple[Sighting, ...],
        roles: tuple[Role, ...],
        bindings: tuple[Binding, ...],
        files: tuple[FileFact, ...],
        settings: Settings,
        now: datetime,
        in_repository: bool = True,
        pods: tuple[RunningPod, ...] = (),
        gaps: frozenset[tuple[str, str]] = frozenset(),
        control_plane: ControlPlane = ControlPlane(),  # noqa: B008 - frozen
    ) -> None:
        self.resources = resources
        self.workloads = workloads
        self.secrets = secrets
        self.sightings = sightings
        self.roles = roles
        self.bindings = bindings
        self.files = files
        self.settings = settings
        self.now = now
        self.in_repository = in_repository
        self.pods = pods
        self.gaps = gaps
        self.control_plane = control_plane
        self.exposed: tuple[Exposed, ...] = ()
        self.detours: tuple[Detour, ...] = ()
        self._by_kind: dict[str, list[Resource]] = {}
        self._by_name: dict[tuple[str, str], list[Resource]] = {}
        for resource in resources:
            self._by_kind.setdefault(resource.kind, []).append(resource)
            self._by_name.setdefault((resource.kind, resource.name), []).append(resource)
        self._secrets = {record.ref: record for record in secrets}
        self._bindings: dict[tuple[str, str], list[Binding]] = {}
        self._bindings_in: dict[tuple[str, str], list[Binding]] = {}
        for binding in bindings:
            self._bindings.setdefault((binding.role_kind, binding.role_name), []).append(binding)
            if binding.role_kind == "Role" and not binding.cluster:
                self._bindings_in.setdefault((binding.resource.namespace, binding.role_name), []).append(binding)

    def knowing(self, exposed: tuple[Exposed, ...], detours: tuple[Detour, ...]) -> Facts:
        """Return the same facts with what the graph of access says of them."""
        found = copy.copy(self)
        found.exposed, found.detours = exposed, detours
        return found

    def of_kind(self, *kinds: str) -> Iterator[Resource]:
        """Yield the objects of some kinds."""
        for kind in kinds:
            yield from self._by_kind.get(kind, ())

    def find(self, kind: str, namespace: str, name: str) -> Resource | None:
        """Return an object by name; a namespace that a manifest leaves open matches any."""
        for resource in self._by_name.get((kind, name), ()):
            if same_namespace(resource.namespace, namespace):
                return resource
        return None

    def secret(self, ref: SecretRef) -> SecretRecord | None:
        """Return the record of a Secret by its reference."""
        return self._secrets.get(ref)

    def bindings_to(self, role: Role) -> list[Binding]:
        """Return the bindings that give a role: they name it, or a ClusterRole that it is part of.

        A Role is named only by bindings of its own namespace.
        """
        name, here = role.resource.name, role.resource.namespace
        if role.cluster:
            names = dict.fromkeys((name, *role.part_of))
            return [binding for known in names for binding in self._bindings.get(("ClusterRole", known), ())]
        if not here:
            return [binding for binding in self._bindings.get(("Role", name), []) if not binding.cluster]
        return self._bindings_in.get((here, name), []) + self._bindings_in.get(("", name), [])

    def lacks(self, namespace: str, *kinds: str) -> bool:
        """Tell whether any of some kinds (``secrets``, ``deployments.apps``) could not be listed in a namespace."""
        return any((kind, "") in self.gaps or (kind, namespace) in self.gaps for kind in kinds)

    @property
    def namespaces(self) -> set[str]:
        """Every namespace that an object of the sources is in; the unnamed one is left out."""
        return {r.namespace for r in self.resources if r.namespace}

    def __repr__(self) -> str:
        return f"Facts({len(self.resources)} resources)"


def same_namespace(one: str, other: str) -> bool:
    """Tell whether two namespaces may be the same: an empty one is decided only when the manifest is applied."""
    return one == other or not one or not other
