"""The authorizers of the API server, one after the other."""

from __future__ import annotations

from tests.access.oracle.compare import resources_of
from tests.access.test_nodes_authorizer import _POD
from tests.access.test_rbac import ALICE, binding, made, rbac, rule

from strongroom.access.authorizer import Authorizer, By
from strongroom.access.nodes_graph import NodesGraph
from strongroom.access.rbac_request import Request, User

_PULL = Request("get", "", "secrets", "", "shop", "pull")


def _authorizer() -> Authorizer:
    role = made("ClusterRole", "r", rules=[rule("secrets")])
    return Authorizer(rbac(role, binding("ClusterRole/r", ALICE)), NodesGraph(resources_of([_POD])))


def test_whoever_is_of_system_masters_may_do_everything() -> None:
    """No role is asked for it."""
    decision = _authorizer().decide(User("x", ("system:masters",)), Request("frob", path="/anything"))

    assert decision is not None
    assert (decision.by, decision.permission) == (By.MASTERS, None)


def test_a_node_is_asked_as_a_node_first() -> None:
    """What its pods need, it gets without any role."""
    decision = _authorizer().decide(User.of_node("a"), _PULL)

    assert decision is not None
    assert decision.by is By.NODE


def test_all_others_need_a_role() -> None:
    """RBAC decides last, and says by which permission."""
    decision = _authorizer().decide(User("alice"), _PULL)

    assert decision is not None
    assert decision.by is By.RBAC
    assert decision.permission is not None
    assert decision.permission.binding.resource.name == "bound"


def test_what_nobody_allows_is_refused() -> None:
    """There is no other way in."""
    assert _authorizer().decide(User.of_node("b"), _PULL) is None
    assert _authorizer().decide(User("bob"), _PULL) is None
