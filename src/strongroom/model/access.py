"""Reach: who gets at what, by which steps, with the evidence of each."""

from __future__ import annotations

import enum
from typing import NamedTuple

import msgspec

from strongroom.model.origin import Origin
from strongroom.model.rbac import Subject
from strongroom.model.resource import ResourceId
from strongroom.model.secret import SecretRef


class Power(enum.Enum):
    """What somebody may come to hold that is neither an identity, nor a program, nor a secret.

    A power in a namespace stands between many identities and many things, so that a step to it is one and not
    thousands. With an empty namespace it holds in every namespace.
    """

    CLUSTER_ADMIN = "cluster admin"  # may do everything, as system:masters may
    NAMESPACE_ADMIN = "namespace admin"  # may do everything with the objects of a namespace
    READ_SECRETS = "reads every Secret"
    RUN_PODS = "runs any pod"  # with every Secret and every ServiceAccount of the namespace
    ENTER_PODS = "enters any pod"  # exec, attach, a debug container, another image
    MINT_TOKENS = "mints tokens of any ServiceAccount"
    HOST = "root on every node"
    READ_ETCD = "reads etcd"
    READ_AUDIT_LOG = "reads the audit log"
    READ_CONFIG_MAPS = "reads every ConfigMap"
    ANY_USER = "is any user"  # in no group but system:authenticated
    ANY_GROUP = "is in any group"  # but system:masters
    ANY_NODE = "is any node"  # authenticates as its kubelet, which is not root on it


class Node(NamedTuple):
    """Something that can be reached, or that reaches.

    Attributes:
        kind: ``User``, ``Group``, ``ServiceAccount``; ``Node`` (root on that machine and its kubelet's identity);
            ``Secret``, ``ConfigMap``; the kind of the object for code that runs (``Pod``, ``Deployment`` …);
            ``Power``; ``External`` for what lies outside the cluster (a store, a cloud identity, a repository), always
            without a namespace; ``Object`` for any other object by which a value is read, its name ``KIND/NAME``, or
            ``any KIND`` for all of a namespace.
        namespace: empty for what has none; for a power, every namespace.
        name: for a power, the value of the `Power`.
    """

    kind: str
    namespace: str
    name: str

    def show(self) -> str:
        """Write it as ``serviceaccount/shop/web``, ``secret/shop/db``; a power as what its holder does."""
        if self.kind == "Power":
            return f"{self.name} in {self.namespace}" if self.namespace else self.name
        return "/".join(part for part in (self.kind.lower(), self.namespace, self.name) if part)

    @property
    def is_identity(self) -> bool:
        """True for what authenticates to the API server."""
        return self.kind in IDENTITIES


IDENTITIES = ("User", "Group", "ServiceAccount", "Node")
"""Kinds of nodes that authenticate: https://kubernetes.io/docs/reference/access-authn-authz/authentication/"""


def power(what: Power, namespace: str = "") -> Node:
    """Return the node of a power; an empty namespace means all of them."""
    return Node("Power", namespace, what.value)


def secret_node(ref: SecretRef) -> Node:
    """Return the node of a Secret."""
    return Node("Secret", ref.namespace, ref.name)


def identity(subject: Subject) -> Node:
    """Return the node of a subject of a binding; the user ``system:node:NAME`` is that node."""
    if subject.kind == "User" and subject.name.startswith("system:node:"):
        return Node("Node", "", subject.name.removeprefix("system:node:"))
    return Node(subject.kind, subject.namespace, subject.name)


class Evidence(msgspec.Struct, frozen=True):
    """One object and field that makes a step possible.

    Attributes:
        role: what it is to the step: ``binding``, ``role``, ``workload``, ``namespace`` …
        resource: the object; None where there is none (a group every user is in, a built-in role).
        origin: the field; its line is looked up later. None where there is none.
        note: what it says, in few words; never a value.
    """

    role: str
    resource: ResourceId | None = None
    origin: Origin | None = None
    note: str = ""


class Step(msgspec.Struct, frozen=True):
    """One way taken: from somebody to what he reaches by it.

    Attributes:
        way: the id of the way, e.g. ``secrets-get``.
        condition: why it works only if something else fails or holds (``if admission fails``); empty where it
            simply works. A step with a condition is shown, and does not count as reach.
        note: this case in few words, e.g. ``get secrets db, api``; never a value.
    """

    source: Node
    target: Node
    way: str
    evidence: tuple[Evidence, ...] = ()
    condition: str = ""
    note: str = ""


MEMBER = "member-of"
"""The id of the step from somebody to a group that he is in."""

INCLUDES = "includes"
"""The id of the step from a power to what its holder has by it."""

FREE = frozenset({MEMBER, INCLUDES})
"""Ids of steps that are no act: they are shown in a path, and not counted."""

EVERY_RIGHT = frozenset({"every-right", "system-masters"})
"""Ids of the ways by which somebody holds every right at once: of him no other way need be told."""
