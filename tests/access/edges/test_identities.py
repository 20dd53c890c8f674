"""Ways to become somebody else: what each needs, exactly."""

from __future__ import annotations

import pytest
from tests.access.reach import JEWEL, MALLORY, Body, given, reached, rule

SECRET = "secret/vault/jewel"
CSR = "certificates.k8s.io"
READS = rule("secrets", "get")
ALICE: list[Body] = given("vault", READS, subject={**MALLORY, "name": "alice"}, name="alice")
AUDITORS: list[Body] = given("vault", READS, subject={**MALLORY, "kind": "Group", "name": "auditors"}, name="auditors")
CREATE = rule("certificatesigningrequests", "create", group=CSR)
APPROVE = rule("certificatesigningrequests/approval", "update", group=CSR)
CLIENT = "kubernetes.io/kube-apiserver-client"
POD: Body = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "vault"},
    "spec": {
        "nodeName": "worker",
        "containers": [{"name": "main", "envFrom": [{"secretRef": {"name": "jewel"}}]}],
    },
}


def _signer(*names: str) -> Body:
    return rule("signers", "approve", names=names, group=CSR)


def test_impersonating_a_user_by_name() -> None:
    """Named in ``resourceNames`` he can be alice, who reads the Secret, and nobody else."""
    assert SECRET in reached(JEWEL, *ALICE, *given("", rule("users", "impersonate", names=("alice",))))
    assert SECRET not in reached(JEWEL, *ALICE, *given("", rule("users", "impersonate", names=("bob",))))


def test_impersonating_users_is_cluster_wide() -> None:
    """A RoleBinding does not let anybody impersonate users, who are in no namespace; it does for ServiceAccounts."""
    account = {"kind": "ServiceAccount", "namespace": "vault", "name": "robot"}
    robot = given("vault", READS, subject=account, name="robot")
    robot.append({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot", "namespace": "vault"}})

    assert reached(JEWEL, *ALICE, *given("vault", rule("users", "impersonate"))) == set()
    assert SECRET in reached(JEWEL, *robot, *given("vault", rule("serviceaccounts", "impersonate")))
    assert SECRET not in reached(
        JEWEL, *robot, *given("", rule("users", "impersonate", names=("system:serviceaccount:vault:robot",)))
    )


def test_a_node_by_its_user_name_is_no_node() -> None:
    """Impersonating ``system:node:worker`` alone is no kubelet: the Node authorizer looks at the group too."""
    user = rule("users", "impersonate", names=("system:node:worker",))
    group = rule("groups", "impersonate", names=("system:nodes",))

    assert SECRET not in reached(JEWEL, POD, *given("", user))
    assert SECRET in reached(JEWEL, POD, *given("", user, group))


@pytest.mark.parametrize(
    "other", [rule("users", "impersonate", names=("bob",)), rule("serviceaccounts", "impersonate")]
)
def test_groups_need_somebody_in_them(other: Body) -> None:
    """A request names groups together with a user or a ServiceAccount; the group alone reaches nothing."""
    groups = rule("groups", "impersonate", names=("auditors",))

    assert SECRET not in reached(JEWEL, *AUDITORS, *given("", groups))
    assert SECRET in reached(JEWEL, *AUDITORS, *given("", groups, other))


def test_any_group_is_masters() -> None:
    """Without ``resourceNames`` the groups include ``system:masters``; other names do not."""
    users = rule("users", "impersonate", names=("bob",))

    assert "cluster admin" in reached(JEWEL, *given("", users, rule("groups", "impersonate")))
    assert "cluster admin" in reached(
        JEWEL, *given("", users, rule("groups", "impersonate", names=("system:masters",)))
    )
    assert "cluster admin" not in reached(
        JEWEL, *AUDITORS, *given("", users, rule("groups", "impersonate", names=("auditors",)))
    )


def test_uids_and_extras_are_no_way() -> None:
    """``impersonate`` on uids and extras changes nothing that RBAC looks at."""
    rules = [rule(name, "impersonate", group="authentication.k8s.io") for name in ("uids", "userextras/scopes")]

    assert reached(JEWEL, *ALICE, *given("", *rules)) == set()


@pytest.mark.parametrize("signer", [_signer(), _signer(CLIENT), _signer("kubernetes.io/*")])
def test_a_certificate_of_his_own(signer: Body) -> None:
    """Who creates, approves, and may approve for the signer is any user, group or node."""
    found = reached(JEWEL, POD, *ALICE, *given("", CREATE, APPROVE, signer))

    assert {SECRET, "user/alice", "node/worker"} <= found
    assert "cluster admin" not in found


def test_a_certificate_needs_all_three() -> None:
    """None of the three rights can be left out; the signer of serving certificates does not count."""
    rules = [CREATE, APPROVE, _signer(CLIENT)]
    for left_out in rules:
        assert reached(JEWEL, *ALICE, *given("", *(one for one in rules if one is not left_out))) == set()

    assert reached(JEWEL, *ALICE, *given("", CREATE, APPROVE, _signer("kubernetes.io/kubelet-serving"))) == set()
    assert reached(JEWEL, *ALICE, *given("vault", *rules)) == set()


def test_a_kubelets_certificate_is_a_nodes() -> None:
    """The signer for kubelets gives nodes and no users."""
    found = reached(JEWEL, POD, *ALICE, *given("", CREATE, APPROVE, _signer(f"{CLIENT}-kubelet")))

    assert {SECRET, "node/worker"} <= found
    assert "user/alice" not in found


def test_tokens_by_name() -> None:
    """``create`` on ``serviceaccounts/token`` is limited by the names of ServiceAccounts."""
    account = {"kind": "ServiceAccount", "namespace": "vault", "name": "robot"}
    made: Body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot", "namespace": "vault"}}
    robot = given("vault", READS, subject=account, name="robot")

    def found(name: str, namespace: str = "vault") -> set[str]:
        return reached(JEWEL, made, *robot, *given(namespace, rule("serviceaccounts/token", "create", names=(name,))))

    assert SECRET in found("robot")
    assert SECRET not in found("other")
    assert SECRET not in found("robot", "shop")


@pytest.mark.parametrize("verb", ["get", "list", "watch", "patch", "delete", "deletecollection"])
def test_a_token_secret_needs_a_way_to_read_it(verb: str) -> None:
    """Any right that shows the new Secret does; creating it alone does not."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot", "namespace": "vault"}}
    names = () if verb == "deletecollection" else ("mine",)
    create = rule("secrets", "create")

    assert "serviceaccount/vault/robot" in reached(account, *given("vault", create, rule("secrets", verb, names=names)))
    assert reached(account, *given("vault", create)) == set()


def test_a_token_is_given_only_of_a_service_account_that_exists() -> None:
    """A right to a token of ``robot``, whom only a binding names, gives nothing until somebody creates it."""
    account = {"kind": "ServiceAccount", "namespace": "vault", "name": "robot"}
    robot = given("vault", READS, subject=account, name="robot")
    asks = given("vault", rule("serviceaccounts/token", "create", names=("robot",)))
    made: Body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot", "namespace": "vault"}}
    assert SECRET not in reached(JEWEL, *robot, *asks)
    assert SECRET in reached(JEWEL, *robot, *asks, made)
