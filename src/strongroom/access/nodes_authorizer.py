"""What the kubelet of a node may do: the Node authorizer of the API server.

Source: ``plugin/pkg/auth/authorizer/node/node_authorizer.go`` in kubernetes/kubernetes, with the feature gates at their
defaults. What a node writes, the admission plugin NodeRestriction limits further.
"""

from __future__ import annotations

import functools

from strongroom.access import rbac_defaults
from strongroom.access.nodes_graph import NodesGraph, Thing
from strongroom.access.rbac_request import NODE_USER, NODES, Request, User
from strongroom.access.rbac_rules import allows
from strongroom.inventory.rbac import roles_of
from strongroom.model.rbac import Rule

_READS = ("get", "list", "watch")
_OWN = ("get", "create", "update", "patch", "delete")
_LEASES = "kube-node-lease"


def node_of(user: User) -> str:
    """Return the name of the node that a user is; empty where it is none (``system:nodes`` is needed too)."""
    return user.name.removeprefix(NODE_USER) if user.name.startswith(NODE_USER) and NODES in user.groups else ""


def node_allows(graph: NodesGraph, node: str, request: Request) -> bool:
    """Tell whether the Node authorizer allows a request of a node."""
    if request.path:
        return any(allows(rule, request) for rule in _rules())
    test = _TESTS.get((request.group, request.resource))
    if test is not None:
        return test(graph, node, request)
    return any(allows(rule, request) for rule in _rules())


@functools.cache
def _rules() -> tuple[Rule, ...]:
    """Return the rules for what is not told apart by node: those of the ClusterRole ``system:node``."""
    return next(role.rules for role in roles_of(rbac_defaults.objects()) if role.resource.name == "system:node")


def _related(graph: NodesGraph, node: str, request: Request, plural: str = "") -> bool:
    thing = Thing(plural or request.resource, request.namespace, request.name)
    return bool(request.name) and graph.holds(node, thing)


def _read(graph: NodesGraph, node: str, request: Request) -> bool:
    fits = request.verb in _READS and not request.subresource and bool(request.namespace)
    return fits and _related(graph, node, request)


def _get(graph: NodesGraph, node: str, request: Request) -> bool:
    return request.verb == "get" and not request.subresource and _related(graph, node, request)


def _claim(graph: NodesGraph, node: str, request: Request) -> bool:
    if request.subresource == "status":
        return request.verb in ("update", "patch") and _related(graph, node, request)
    return _get(graph, node, request)


def _account(graph: NodesGraph, node: str, request: Request) -> bool:
    if request.verb == "get" and not request.subresource:
        return _read(graph, node, request)
    return request.verb == "create" and request.subresource == "token" and _related(graph, node, request)


def _lease(_: NodesGraph, node: str, request: Request) -> bool:
    return request.verb in _OWN and request.namespace == _LEASES and (request.verb == "create" or request.name == node)


def _csi_node(_: NodesGraph, node: str, request: Request) -> bool:
    return request.verb in _OWN and not request.subresource and (request.verb == "create" or request.name == node)


def _slice(graph: NodesGraph, node: str, request: Request) -> bool:
    if request.subresource:
        return False
    if request.verb in ("list", "watch", "deletecollection"):
        return ("spec.nodeName", node) in request.fields
    return request.verb == "create" or (request.verb in _OWN and _related(graph, node, request))


def _node(_: NodesGraph, node: str, request: Request) -> bool:
    if request.subresource:
        return request.subresource == "status" and request.verb in ("update", "patch")
    return request.verb in ("create", "update", "patch") or (request.verb in _READS and request.name == node)


def _pod(graph: NodesGraph, node: str, request: Request) -> bool:
    verb, subresource = request.verb, request.subresource
    if subresource:
        status = subresource == "status" and verb in ("update", "patch")
        return status or (subresource == "eviction" and verb == "create")
    if verb in ("create", "delete"):
        return True
    if verb in ("list", "watch") and ("spec.nodeName", node) in request.fields:
        return True
    return verb in _READS and _related(graph, node, request)


def _never(_: NodesGraph, __: str, ___: Request) -> bool:
    return False  # behind the feature gate PodCertificateRequest, which is off


_TESTS = {
    ("", "secrets"): _read,
    ("", "configmaps"): _read,
    ("", "persistentvolumeclaims"): _claim,
    ("", "persistentvolumes"): _get,
    ("", "serviceaccounts"): _account,
    ("", "nodes"): _node,
    ("", "pods"): _pod,
    ("resource.k8s.io", "resourceclaims"): _get,
    ("resource.k8s.io", "resourceslices"): _slice,
    ("storage.k8s.io", "volumeattachments"): _get,
    ("storage.k8s.io", "csinodes"): _csi_node,
    ("coordination.k8s.io", "leases"): _lease,
    ("certificates.k8s.io", "podcertificaterequests"): _never,
}
