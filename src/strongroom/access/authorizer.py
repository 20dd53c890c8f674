"""Whether a request is allowed: the API server's authorizers in the order in which it asks them.

Source: ``pkg/kubeapiserver/authorizer/config.go`` in kubernetes/kubernetes with ``--authorization-mode=Node,RBAC``, as
kubeadm sets it. What a webhook or ABAC would allow beyond is not known here.
"""

from __future__ import annotations

import enum

import msgspec

from strongroom.access.nodes_authorizer import node_allows, node_of
from strongroom.access.nodes_graph import NodesGraph
from strongroom.access.rbac import Permission, Rbac
from strongroom.access.rbac_request import MASTERS, Request, User


class By(enum.Enum):
    """Which authorizer allowed a request."""

    MASTERS = "system:masters"
    NODE = "Node"
    RBAC = "RBAC"


class Allowed(msgspec.Struct, frozen=True):
    """A request is allowed, by whom, and for RBAC by which permission."""

    by: By
    permission: Permission | None = None


class Authorizer:
    """The authorizers of a cluster, over the facts of one run."""

    def __init__(self, rbac: Rbac, nodes: NodesGraph) -> None:
        self.rbac = rbac
        self.nodes = nodes

    def decide(self, user: User, request: Request) -> Allowed | None:
        """Return by what a user's request is allowed; None where it is refused."""
        if MASTERS in user.groups:
            return Allowed(By.MASTERS)
        node = node_of(user)
        if node and node_allows(self.nodes, node, request):
            return Allowed(By.NODE)
        permission = self.rbac.allows(user, request)
        return None if permission is None else Allowed(By.RBAC, permission)
