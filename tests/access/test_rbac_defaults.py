"""What every Kubernetes cluster holds by itself."""

from __future__ import annotations

from scripts.kubernetes_defaults import TARGET, read, render
from tests.access.oracle.compare import resources_of
from tests.access.test_rbac import GROUP, made
from tests.support.controlplane.fixtures import StartCluster

from strongroom.access import rbac_defaults
from strongroom.model.resource import Resource


def _read_from_cluster(name: str) -> Resource:
    body = made("ClusterRole", name)
    body["metadata"] |= {"uid": "1", "labels": {rbac_defaults.LABEL: "rbac-defaults"}}
    (resource,) = resources_of([body])
    return resource


def test_the_data_are_those_of_a_running_cluster(start_cluster: StartCluster) -> None:
    """The file is what ``scripts/kubernetes_defaults.py`` writes of the version that the tests use."""
    admin = start_cluster(controllers=True).access.client()

    assert TARGET.read_text(encoding="utf-8") == render(read(admin))


def test_objects_without_a_namesake_are_missing() -> None:
    """A default object is supposed to be there unless a source holds one of its kind and name."""
    (view,) = resources_of([made("ClusterRole", "view")])
    names = {(one.kind, one.name) for one in rbac_defaults.missing([view])}

    assert ("ClusterRole", "edit") in names
    assert ("ClusterRoleBinding", "cluster-admin") in names
    assert ("ClusterRole", "view") not in names


def test_nothing_is_supposed_of_a_kind_that_was_read_from_a_cluster() -> None:
    """What a cluster's own list lacks was deleted there."""
    kinds = {one.kind for one in rbac_defaults.missing([_read_from_cluster("view")])}

    assert kinds == {"ClusterRoleBinding", "Role", "RoleBinding"}


def test_supposed_objects_are_told_apart() -> None:
    """They have an origin of their own, which says so."""
    (own,) = resources_of([made("ClusterRole", "own")])

    assert all(rbac_defaults.is_default(one) for one in rbac_defaults.objects())
    assert not rbac_defaults.is_default(own)
    assert rbac_defaults.objects()[0].origin.show() == "every Kubernetes cluster ClusterRole admin"


def test_types_say_what_no_namespace_has() -> None:
    """Nodes and ClusterRoles are cluster-scoped; Secrets are not, and namespaces are asked for by themselves."""
    assert {("", "nodes"), (GROUP, "clusterroles")} <= rbac_defaults.cluster_scoped()
    assert not {("", "secrets"), ("", "namespaces")} & rbac_defaults.cluster_scoped()
    assert rbac_defaults.version().startswith("v1.")


def test_what_only_rules_speak_of_is_in_no_namespace() -> None:
    """A RoleBinding gives nobody the right to impersonate users: the API server asks about them in no namespace."""
    held = {("", "users"), ("", "groups"), ("authentication.k8s.io", "userextras"), ("certificates.k8s.io", "signers")}

    assert held <= rbac_defaults.cluster_scoped()
    assert ("", "serviceaccounts") not in rbac_defaults.cluster_scoped()
