"""Smaller roles: what a role gives of Secrets, what its holders are known to need, and what would be enough."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from strongroom.model.access import Node
from strongroom.model.plan import Plan, StepView
from strongroom.model.rbac import Role
from strongroom.model.resource import Resource, ResourceId
from strongroom.model.secret import SecretRef
from strongroom.model.skipped import Coverage, Skipped

RuleBody: TypeAlias = dict[str, Any]
"""One PolicyRule as a manifest writes it."""


class Use(msgspec.Struct, frozen=True, order=True):
    """One Secret that a program is known to use.

    Attributes:
        secret: which.
        by: the program, as ``deployment/shop/web``.
        delivered: True where the kubelet hands it over, so that no right is needed; else its name was found in what
            the program is started with, or in an object that the role reads.
    """

    secret: SecretRef
    by: str
    delivered: bool


class NewRule(msgspec.Struct, frozen=True):
    """What one rule becomes: no rule, one, or several; ``field`` leads to it in its role."""

    field: tuple[str | int, ...]
    rules: tuple[RuleBody, ...]


class Beside(msgspec.Struct, frozen=True):
    """A Role and its RoleBinding that are made anew, in one namespace."""

    namespace: str
    name: str
    rules: tuple[RuleBody, ...]
    accounts: tuple[tuple[str, str], ...]

    def bodies(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the two objects."""
        metadata = {"name": self.name, "namespace": self.namespace}
        group = "rbac.authorization.k8s.io"
        version = f"{group}/v1"
        role = {"apiVersion": version, "kind": "Role", "metadata": metadata, "rules": [*self.rules]}
        subjects = [{"kind": "ServiceAccount", "name": name, "namespace": space} for space, name in self.accounts]
        reference = {"apiGroup": group, "kind": "Role", "name": self.name}
        binding = {"apiVersion": version, "kind": "RoleBinding", "metadata": metadata, "roleRef": reference}
        return role, {**binding, "subjects": subjects}


class Smaller(msgspec.Struct, frozen=True, eq=False):
    """One role that gives more of Secrets than its holders are known to need.

    Attributes:
        role: as it is.
        holders: who holds it: service accounts only.
        programs: what runs as they do.
        uses: the Secrets that these are known to use.
        rules: the rules that change, by their place.
        beside: what is made beside it, where a role of all namespaces becomes one of some.
        does: what changes, a clause each.
        open: what the sources cannot tell, a sentence each.
    """

    role: Role
    holders: tuple[Node, ...]
    programs: tuple[Node, ...]
    uses: tuple[Use, ...]
    rules: tuple[NewRule, ...]
    beside: tuple[Beside, ...]
    does: tuple[str, ...]
    open: tuple[str, ...]

    @property
    def body(self) -> dict[str, Any]:
        """The role's body with the new rules."""
        return {**self.role.resource.body, "rules": self.all_rules}

    @property
    def all_rules(self) -> list[RuleBody]:
        """Every rule of the role as it would be."""
        new = {change.field: change.rules for change in self.rules}
        listed = self.role.resource.body.get("rules")
        found: list[RuleBody] = []
        for index, rule in enumerate(listed if isinstance(listed, list) else []):
            found.extend(new.get(("rules", index), (rule,)))
        return found


class Left(msgspec.Struct, frozen=True):
    """A role that gives Secrets and is left as it is, and why."""

    role: ResourceId
    why: str


class Reach(msgspec.Struct, frozen=True):
    """How many Secrets somebody reaches, now and with the smaller roles, and by which ways he still does."""

    who: Node
    before: int
    after: int
    ways: tuple[str, ...] = ()


class Proposal(msgspec.Struct, frozen=True, eq=False):
    """A smaller role and how it is brought about.

    Attributes:
        reach: of each holder.
        step: the number of its step in the plan, from 0; None where no file can be edited.
        by_hand: why not; empty where one can.
    """

    smaller: Smaller
    reach: tuple[Reach, ...]
    step: int | None
    by_hand: str = ""


class MinimiseReport(msgspec.Struct, frozen=True):
    """The answer of ``strongroom access minimise``.

    Attributes:
        plan: edits the manifests.
        views: of each step, its diff.
        patch: the edits as one unified diff; empty where there are none.
        objects: what has to be applied by hand, whole.
        left: roles that give Secrets and stay as they are.
    """

    tool: str
    sources: tuple[str, ...]
    created: str
    proposals: tuple[Proposal, ...]
    left: tuple[Left, ...]
    plan: Plan
    views: tuple[StepView, ...] = ()
    patch: str = ""
    objects: tuple[dict[str, Any], ...] = ()
    skipped: tuple[Skipped, ...] = ()
    coverage: Coverage = Coverage()


def smaller_resource(smaller: Smaller) -> Resource:
    """Return the role as it would be."""
    return msgspec.structs.replace(smaller.role.resource, body=smaller.body)
