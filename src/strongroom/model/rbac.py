"""Role-based access control as the manifests say it (https://kubernetes.io/docs/reference/access-authn-authz/rbac/)."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from strongroom.model.origin import FieldPath
from strongroom.model.resource import Resource

READ_VERBS = ("get", "list", "watch")
WRITE_VERBS = ("create", "update", "patch")


class Subject(NamedTuple):
    """Who a binding speaks of; ``namespace`` only for a ServiceAccount."""

    kind: str
    namespace: str
    name: str

    def show(self) -> str:
        """Write it as ``ServiceAccount namespace/name`` or ``Group name``."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Rule(msgspec.Struct, frozen=True):
    """One PolicyRule and the field that leads to it."""

    verbs: tuple[str, ...]
    groups: tuple[str, ...]
    resources: tuple[str, ...]
    names: tuple[str, ...]
    urls: tuple[str, ...]
    field: FieldPath

    @property
    def is_everything(self) -> bool:
        """True where it allows every verb on every resource of every group, whatever its name."""
        return "*" in self.verbs and "*" in self.groups and "*" in self.resources and not self.names

    def has_verb(self, *verbs: str) -> bool:
        """Tell whether it allows any of the verbs."""
        return "*" in self.verbs or any(verb in self.verbs for verb in verbs)

    def has_resource(self, group: str, resource: str) -> bool:
        """Tell whether it covers a resource (``secrets``) or subresource (``pods/exec``) of a group, names aside.

        As the API server matches (k8s.io/component-helpers/auth/rbac/validation): ``*`` covers everything, ``*/sub``
        that subresource of every resource; ``*/*`` is no wildcard.
        """
        if "*" not in self.groups and group not in self.groups:
            return False
        if "*" in self.resources or resource in self.resources:
            return True
        _, slash, sub = resource.partition("/")
        return bool(slash) and f"*/{sub}" in self.resources


class Role(msgspec.Struct, frozen=True, eq=False):
    """A Role (``namespace`` may be empty where the manifest names none) or a ClusterRole.

    Attributes:
        rules: what it allows; those of an aggregated ClusterRole keep the fields of the roles that they are written in.
        aggregates: True where the rules are those of other ClusterRoles.
        part_of: the names of the ClusterRoles of the sources that aggregate it, directly or through others.
    """

    resource: Resource
    cluster: bool
    rules: tuple[Rule, ...]
    aggregates: bool = False
    part_of: tuple[str, ...] = ()


class Binding(msgspec.Struct, frozen=True, eq=False):
    """A RoleBinding or a ClusterRoleBinding.

    Attributes:
        role: the role that it names, where the sources hold it.
        role_kind, role_name: as written in ``roleRef``.
        subjects: with the fields that lead to them.
    """

    resource: Resource
    cluster: bool
    role_kind: str
    role_name: str
    subjects: tuple[tuple[FieldPath, Subject], ...]
    role: Role | None = None
