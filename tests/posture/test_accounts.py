"""What service accounts may do, and whether their token is mounted."""

from __future__ import annotations

from typing import Any

import pytest
from tests.posture.given import facts_of, pod

from strongroom.posture.accounts import Accounts, creates_secrets


def account(name: str = "api", **more: Any) -> dict[str, Any]:
    """Make a ServiceAccount."""
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "shop"}, **more}


def role(resource: str, *verbs: str) -> dict[str, Any]:
    """Make a Role with one rule."""
    rule = {"apiGroups": [""], "resources": [resource], "verbs": list(verbs)}
    api = "rbac.authorization.k8s.io/v1"
    return {"apiVersion": api, "kind": "Role", "metadata": {"name": "r", "namespace": "shop"}, "rules": [rule]}


def binding(kind: str = "Role", name: str = "r", *, namespace: str = "shop") -> dict[str, Any]:
    """Make a RoleBinding for the account ``api``."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "b", "namespace": "shop"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": "api", "namespace": namespace}],
    }


@pytest.mark.parametrize(
    ("on_pod", "on_account", "mounted"),
    [
        ({}, {}, True),
        ({}, {"automountServiceAccountToken": False}, False),
        ({"automountServiceAccountToken": False}, {}, False),
        ({"automountServiceAccountToken": True}, {"automountServiceAccountToken": False}, True),
        ({"automountServiceAccountToken": False}, {"automountServiceAccountToken": True}, False),
        ({"automountServiceAccountToken": "false"}, {}, True),
    ],
)
def test_whether_the_token_is_mounted(on_pod: dict[str, Any], on_account: dict[str, Any], *, mounted: bool) -> None:
    """The pod's word counts before the account's, and by default the token is mounted."""
    spec = {"serviceAccountName": "api", "containers": [{"name": "a", "image": "a"}], **on_pod}
    facts = facts_of(account(**on_account), pod(spec))
    assert Accounts(facts).automounts(facts.workloads[0]) is mounted


@pytest.mark.parametrize(
    ("bodies", "reads"),
    [
        ([role("secrets", "get"), binding()], True),
        ([role("secrets", "create"), binding()], False),
        ([role("configmaps", "get"), binding()], False),
        ([role("*", "*"), binding()], True),
        ([binding("ClusterRole", "edit")], True),
        ([binding("ClusterRole", "view")], False),
        ([binding("Role", "elsewhere")], False),
        ([role("secrets", "get"), binding(namespace="other")], False),
    ],
)
def test_whether_an_account_reads_secrets(bodies: list[dict[str, Any]], *, reads: bool) -> None:
    """An account reads Secrets where a binding gives it a role that does, built-in ones included."""
    assert Accounts(facts_of(*bodies)).reads_secrets("shop", "api") is reads


def test_whether_a_binding_makes_secrets() -> None:
    """Only the verb create makes Secrets; a role that is not in the sources says nothing."""
    found = [
        creates_secrets(facts_of(*bodies).bindings[0])
        for bodies in ([role("secrets", "create"), binding()], [role("secrets", "update"), binding()], [binding()])
    ]
    assert found == [True, False, False]
