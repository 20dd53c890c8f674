"""Objects taken away, and rights given."""

from __future__ import annotations

import pytest
from tests.posture.given import read

from strongroom.access.what_if import allowing, without
from strongroom.errors import UsageError

_BINDING = """
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: devs}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: devs}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: []
"""


def test_an_object_without_a_namespace_is_one_of_default() -> None:
    """A binding whose manifest names no namespace is named with default, a cluster-wide one without any."""
    resources = read(_BINDING).resources

    assert [r.kind for r in without(resources, ["RoleBinding/default/devs"])] == ["ClusterRoleBinding"]
    assert [r.kind for r in without(resources, ["clusterrolebinding/devs"])] == ["RoleBinding"]


def test_what_is_not_there_cannot_be_removed() -> None:
    """The nearest name is the hint."""
    with pytest.raises(UsageError) as caught:
        without(read(_BINDING).resources, ["clusterrolebinding/dev"])

    assert caught.value.hint.startswith("did you mean clusterrolebinding/devs")


def test_a_right_becomes_a_role_and_its_binding() -> None:
    """A right in a namespace is a Role, one without a ClusterRole; names and subresources are understood."""
    role, binding = allowing("sa/shop/web get,list secrets/db -n vault", read(_BINDING))
    cluster, _ = allowing("group/ops create pods/exec", read(_BINDING))

    assert role.get("rules", 0) == {
        "apiGroups": [""],
        "resources": ["secrets"],
        "verbs": ["get", "list"],
        "resourceNames": ["db"],
    }
    assert (role.kind, binding.namespace) == ("Role", "vault")
    assert binding.get("subjects", 0) == {"kind": "ServiceAccount", "namespace": "shop", "name": "web"}
    assert cluster.kind == "ClusterRole"
    assert cluster.get("rules", 0, "resources") == ["pods/exec"]


@pytest.mark.parametrize(
    "text", ["", "user/eve get", "eve get secrets", "sa/web get secrets", "user/eve get 'x", "a b c d"]
)
def test_what_is_no_right_is_refused(text: str) -> None:
    """A right that is not of the form that it has to be is an error."""
    with pytest.raises(UsageError):
        allowing(text, read(_BINDING))
