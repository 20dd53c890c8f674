"""What the ways of access look at: the facts, and the look-ups that many of them need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TypeVar

from strongroom.access.admission import Admission, Demand, Verdict
from strongroom.access.code import Code, programs
from strongroom.access.crowds import all_held, crowds, with_roles
from strongroom.access.membership import Members, groups_by_member
from strongroom.access.rbac import Permission
from strongroom.access.rbac_facts import rbac_of
from strongroom.access.takeable import takeable
from strongroom.model.access import Evidence, Node, identity
from strongroom.model.facts import Facts
from strongroom.model.resource import Resource, as_text
from strongroom.model.secret import SecretRef

DEFAULT = "default"
"""The namespace of an object whose manifest names none: what kubectl takes unless its context says otherwise."""


class World:
    """The facts of one run, as the ways see them. An object without a namespace counts as one of ``default``.

    Every look-up that takes a namespace takes an empty one for all of them.

    Attributes:
        facts: everything that the sources hold.
        rbac: who may do what.
        namespaces: every namespace that exists or that an object is in, sorted.
        code: what runs: one for each workload, and for each pod of its own.
        machines: the names of the machines that run pods or exist, sorted.
        members: somebody to the groups that he is in, as ``--groups`` says, and to the roles of ``holding``.
        holding: the steps to roles that stand between many subjects and many names (`access.crowds`).
        served: the API groups that something serves: there is an object of each, or a definition.
    """

    def __init__(self, facts: Facts, members: Members | None = None) -> None:
        self.facts = facts
        self.rbac = rbac_of(facts)
        self.code = tuple(programs(facts))
        known = (SecretRef(r.ref.namespace or DEFAULT, r.ref.name) for r in facts.secrets)
        given = (SecretRef(pod.id.namespace or DEFAULT, use.secret) for pod in facts.pods for use in pod.uses)
        self._secrets = _by_namespace((*known, *given))
        self._spaces_of_secret: dict[str, list[str]] = {}
        for ref in self.secrets_in(""):
            self._spaces_of_secret.setdefault(ref.name, []).append(ref.namespace)
        self._config_maps = _by_namespace(_placed(r) for r in facts.of_kind("ConfigMap") if not r.group)
        accounts = [_placed(r) for r in facts.of_kind("ServiceAccount") if not r.group]
        used = [Node("ServiceAccount", code.node.namespace, code.service_account) for code in self.code]
        self._accounts = _by_namespace((*accounts, *used))
        self._code: dict[str, list[Code]] = {}
        self._code_of_pod: dict[tuple[str, str], list[Code]] = {}
        for code in self.code:
            self._code.setdefault(code.node.namespace, []).append(code)
            for name in code.pod_names:
                self._code_of_pod.setdefault((code.node.namespace, name), []).append(code)
        spaces = {r.name: r for r in facts.of_kind("Namespace") if not r.group}
        named = {*spaces, *facts.namespaces, *self._secrets, *self._code, *self._accounts}
        if any(not resource.namespace and resource.kind == "RoleBinding" for resource in facts.resources):
            named.add(DEFAULT)
        self.namespaces = tuple(sorted(named))
        machines = {r.name for r in facts.of_kind("Node") if not r.group}
        self.machines = tuple(sorted(machines.union(*(code.machines for code in self.code))))
        defined = {as_text(r.get("spec", "group")) for r in facts.of_kind("CustomResourceDefinition")}
        self.served = frozenset(defined.union(resource.group for resource in facts.resources))
        apart = crowds(self.rbac.bindings)
        self.holding = apart.holding
        self.members = with_roles(groups_by_member(members or {}), self.holding)
        self._by_themselves = self.rbac.of(apart.kept) if apart.roles else self.rbac
        self._of_roles = all_held(self.rbac, takeable(self.rbac, self.namespaces), apart.roles)
        self._admission = Admission(facts, spaces)

    def secrets_in(self, namespace: str) -> list[SecretRef]:
        """Return the Secrets of a namespace, those that are only referenced included; of all for an empty one."""
        return _within(self._secrets, namespace)

    def secrets_named(self, namespace: str, names: Iterable[str]) -> Iterator[Node]:
        """Yield the Secrets of some names: in one namespace all of them, for an empty one those that are known."""
        for name in dict.fromkeys(names):
            spaces = [namespace] if namespace else self._spaces_of_secret.get(name, ())
            yield from (Node("Secret", space, name) for space in spaces)

    def config_maps_in(self, namespace: str) -> list[Node]:
        """Return the ConfigMaps of a namespace."""
        return _within(self._config_maps, namespace)

    def service_accounts_in(self, namespace: str) -> list[Node]:
        """Return the ServiceAccounts that pods of a namespace can run as.

        They are those that exist or that a program uses, and ``default``; one that only a binding names is not.
        """
        found = _within(self._accounts, namespace)
        spaces = [namespace] if namespace else self.namespaces
        present = set(found)
        defaults = (Node("ServiceAccount", space, "default") for space in spaces)
        return [*found, *(node for node in defaults if node not in present)]

    def code_in(self, namespace: str) -> list[Code]:
        """Return what runs in a namespace."""
        return _within(self._code, namespace)

    def code_of_pods(self, namespace: str, names: Iterable[str]) -> Iterator[Code]:
        """Yield what runs in the pods of some names; a pod of a workload is that workload's."""
        for name in dict.fromkeys(names):
            for space in [namespace] if namespace else self.namespaces:
                yield from self._code_of_pod.get((space, name), ())

    def admits(self, namespace: str, demand: Demand) -> Verdict:
        """Tell whether admission lets a pod that demands something into a namespace.

        For an empty namespace: into any of them, so that a power over all is judged by the most open one.
        """
        if namespace:
            return self._admission.admits(namespace, demand)
        verdicts = (self._admission.admits(space, demand) for space in self.namespaces or (DEFAULT,))
        return min(verdicts, key=lambda verdict: bool(verdict.condition))

    def holders(self, group: str, resource: str, *verbs: str) -> Iterator[Permission]:
        """Yield each permission for any of some verbs on a resource (``secrets``, ``pods/exec``), once.

        The holders of roles that somebody may bind to himself (`takeable`) are among them, and those of roles with many
        holders (`crowds`): the role is the subject.
        """
        seen: set[tuple[object, ...]] = set()
        for verb in verbs:
            found = (index.holders(verb, group, resource) for index in (self._by_themselves, self._of_roles))
            for permission in chain.from_iterable(found):
                key = (id(permission.binding), id(permission.rule), permission.subject, permission.names)
                if len(verbs) == 1 or key not in seen:
                    seen.add(key)
                    yield permission

    def __repr__(self) -> str:
        return f"World({self.facts!r})"


def who(permission: Permission) -> Node:
    """Return the node of the subject of a permission."""
    return identity(permission.subject)


def grounds(permission: Permission, resource: str = "") -> tuple[Evidence, ...]:
    """Return the evidence of a permission: its binding and its rule."""
    binding, role, rule = permission.binding, permission.role, permission.rule
    if permission.subject.kind == role.resource.kind:
        return (Evidence("role", role.resource.id, role.resource.origin.at(rule.field), resource),)
    return (
        Evidence("binding", binding.resource.id, binding.resource.origin.at(("subjects",))),
        Evidence("role", role.resource.id, role.resource.origin.at(rule.field), resource),
    )


_Placed = TypeVar("_Placed", Code, Node, SecretRef)


def _placed(resource: Resource) -> Node:
    return Node(resource.kind, resource.namespace or DEFAULT, resource.name)


def _by_namespace(nodes: Iterable[_Placed]) -> dict[str, list[_Placed]]:
    found: dict[str, list[_Placed]] = {}
    for node in dict.fromkeys(nodes):
        found.setdefault(node.namespace, []).append(node)
    return found


def _within(found: dict[str, list[_Placed]], namespace: str) -> list[_Placed]:
    if namespace:
        return found.get(namespace, [])
    return [node for nodes in found.values() for node in nodes]
