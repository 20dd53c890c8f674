"""What the kubelet of a node may do; ``oracle/test_nodes.py`` compares with a running API server."""

from __future__ import annotations

import pytest
from tests.access.oracle.compare import resources_of

from strongroom.access.nodes_authorizer import node_allows, node_of
from strongroom.access.nodes_graph import NodesGraph
from strongroom.access.rbac_request import Request, User

_POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"nodeName": "a", "imagePullSecrets": [{"name": "pull"}], "serviceAccountName": "web"},
}


@pytest.mark.parametrize(
    ("request_", "allowed"),
    [
        (Request("get", "", "secrets", "", "shop", "pull"), True),
        (Request("list", "", "secrets", "", "shop", "pull"), True),
        (Request("list", "", "secrets", "", "shop"), False),
        (Request("get", "", "secrets", "", "mail", "pull"), False),
        (Request("get", "", "secrets", "", "shop", "other"), False),
        (Request("update", "", "secrets", "", "shop", "pull"), False),
        (Request("create", "", "serviceaccounts", "token", "shop", "web"), True),
        (Request("create", "", "serviceaccounts", "token", "shop", "other"), False),
        (Request("get", "", "nodes", "", "", "a"), True),
        (Request("get", "", "nodes", "", "", "b"), False),
        (Request("patch", "", "nodes", "status", "", "b"), True),
        (Request("list", "", "pods"), False),
        (Request("list", "", "pods", fields=(("spec.nodeName", "a"),)), True),
        (Request("list", "", "pods", fields=(("spec.nodeName", "b"),)), False),
        (Request("get", "", "services", "", "shop", "any"), True),
        (Request("get", "apps", "deployments", "", "shop", "any"), False),
        (Request("get", path="/metrics"), False),
    ],
)
def test_a_node_may_do_what_its_pods_need(request_: Request, allowed: bool) -> None:
    """Secrets, tokens and pods only of what runs on it; what nodes write, admission limits further."""
    assert node_allows(NodesGraph(resources_of([_POD])), "a", request_) is allowed


def test_a_node_has_the_name_and_the_group_of_one() -> None:
    """Neither alone makes a user a node."""
    assert node_of(User.of_node("a")) == "a"
    assert node_of(User("system:node:a")) == node_of(User("alice", ("system:nodes",))) == ""
