"""What the graph of access says of a namespace and of an identity, as far as a finding needs it."""

from __future__ import annotations

import enum

import msgspec

from strongroom.model.access import Evidence, Node
from strongroom.model.origin import Origin
from strongroom.model.secret import SecretRef


class Reachable(msgspec.Struct, frozen=True):
    """One Secret and how many identities reach it, those of the control plane itself aside.

    Attributes:
        everyone: the group of everybody that reaches it; empty where none does.
        origin: where it is defined or used.
    """

    secret: SecretRef
    users: int
    groups: int
    accounts: int
    everyone: str
    origin: Origin

    @property
    def identities(self) -> int:
        """How many there are."""
        return self.users + self.groups + self.accounts


class Exposed(msgspec.Struct, frozen=True):
    """The Secrets of one namespace, the most widely reachable first."""

    namespace: str
    secrets: tuple[Reachable, ...]


class Through(enum.Enum):
    """What a detour to Secrets leads through."""

    PODS = "pods"
    IDENTITY = "another identity"
    ROLES = "roles and bindings"
    OPERATOR = "an operator"
    CLUSTER = "an object of the cluster"


class Detour(msgspec.Struct, frozen=True):
    """Rights in one namespace that lead to Secrets which they do not speak of.

    Attributes:
        through: what it leads through.
        way: the first way that is taken, and ``title`` what its holder does by it.
        holders: who has such a right there; the first is the one that the rest speaks of.
        given: the namespace in which it is given; empty for all.
        namespaces: where the Secrets are that its holders reach by it, and in no direct way.
        evidence: the binding and the role of the first holder.
        others: the bindings of the others.
        steps: what a shortest path does then, step by step, in words.
    """

    through: Through
    way: str
    title: str
    holders: tuple[Node, ...]
    given: str
    namespaces: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    others: tuple[Evidence, ...] = ()
    steps: tuple[str, ...] = ()
