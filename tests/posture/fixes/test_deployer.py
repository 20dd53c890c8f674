"""An account that deploys is no administrator of the cluster."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.posture.fixes.mending import VALUE, deployment, mended

from strongroom.posture.fixes.decisions import RIGHTS
from strongroom.posture.fixes.deployer import plural

CHECK = "rbac-cluster-admin"
BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ci}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects:
  - {kind: ServiceAccount, name: ci, namespace: shop}
"""
GROUP = "  - {kind: Group, apiGroup: rbac.authorization.k8s.io, name: operators}\n"
API = deployment("automountServiceAccountToken: false\ncontainers: [{name: a, image: a}]")
SECRET = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: db, namespace: shop}}\nstringData: {{password: {VALUE}}}\n"


def test_a_role_to_deploy_with(tmp_path: Path) -> None:
    """It may apply the kinds that the sources place in its namespace, and of Secrets only those that they name."""
    files = {"b.yaml": BINDING, "a.yaml": API, "s.yaml": SECRET}
    result = mended(tmp_path, files, CHECK, unsafe=True)
    found = result.objects()
    assert ("ClusterRoleBinding", "ci") not in found
    assert found["RoleBinding", "ci-deploys"]["subjects"] == [
        {"kind": "ServiceAccount", "name": "ci", "namespace": "shop"}
    ]
    verbs = ["get", "list", "watch", "create", "update", "patch"]
    assert found["Role", "ci-deploys"]["rules"] == [
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": verbs},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]},
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["db"], "verbs": ["get", "update", "patch"]},
    ]
    assert result.fix.to_do == ("kubectl delete clusterrolebinding ci, once Role shop/ci-deploys is there",)
    (offered,) = mended(tmp_path, files, CHECK).fix.offered
    assert offered.decision == RIGHTS
    again = mended(tmp_path / "again", result.files, "rbac-runs-in-pods", unsafe=True)
    assert "applying the manifests of namespace shop" in again.why("rbac-runs-in-pods")


def test_who_stays_administrator(tmp_path: Path) -> None:
    """Groups, accounts that a program runs as, and accounts of empty namespaces are somebody's decision."""
    assert not mended(tmp_path / "a", {"b.yaml": BINDING + GROUP, "a.yaml": API}, CHECK, unsafe=True).fix.plan.steps
    runs = API.replace("containers:", "serviceAccountName: ci\n      containers:")
    assert "runs with it" in mended(tmp_path / "b", {"b.yaml": BINDING, "a.yaml": runs}, CHECK, unsafe=True).why(CHECK)
    assert not mended(tmp_path / "c", {"b.yaml": BINDING}, CHECK, unsafe=True).fix.plan.steps


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Deployment", "deployments"),
        ("NetworkPolicy", "networkpolicies"),
        ("Ingress", "ingresses"),
        ("Endpoints", "endpoints"),
    ],
)
def test_plural(kind: str, name: str) -> None:
    """Rules name kinds as the API server serves them."""
    assert plural(kind) == name
