"""What ``resourceNames`` mean is tried with real requests: each is made, and compared with what `Rbac.holders` says."""

from __future__ import annotations

import pytest
from tests.access.oracle.compare import facts_of
from tests.support.controlplane.access import Access, Client, eventually

from strongroom.access.rbac_facts import rbac_of

GROUP = "rbac.authorization.k8s.io"
APPLY = {"Content-Type": "application/apply-patch+yaml"}
MAPS = "configmaps"


def _role(
    namespace: str, verbs: list[str], names: list[str], *, group: str = "", resource: str = MAPS
) -> list[dict[str, object]]:
    """A role of one rule, and its binding to the user ``tess``."""
    metadata = {"name": "tried", "namespace": namespace}
    rule = {"verbs": verbs, "apiGroups": [group], "resources": [resource], "resourceNames": names}
    reference = {"apiGroup": GROUP, "kind": "Role", "name": "tried"}
    subjects = [{"kind": "User", "name": "tess", "apiGroup": GROUP}]
    common = {"apiVersion": f"{GROUP}/v1", "metadata": metadata}
    return [
        {**common, "kind": "Role", "rules": [rule, {"verbs": ["get"], "apiGroups": ["x"], "resources": ["sentinels"]}]},
        {**common, "kind": "RoleBinding", "roleRef": reference, "subjects": subjects},
    ]


def _given(cluster: Access, namespace: str, objects: list[dict[str, object]]) -> Client:
    """Put the objects into the cluster; return a client of the user, once the API server knows of them."""
    admin, plurals = cluster.client(), {"Role": "roles", "RoleBinding": "rolebindings"}
    for body in objects:
        admin.create(f"/apis/{GROUP}/v1/namespaces/{namespace}/{plurals[str(body['kind'])]}", body)
    attributes = {"verb": "get", "group": "x", "resource": "sentinels", "namespace": namespace}
    review = {"spec": {"user": "tess", "resourceAttributes": attributes}}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    eventually(lambda: bool(admin.create(path, review)["status"]["allowed"]), "the binding is known")
    return cluster.client("tess", ())


def _names(objects: list[dict[str, object]], verb: str, group: str = "", resource: str = MAPS) -> list[tuple[str, ...]]:
    rbac = rbac_of(facts_of(objects), defaults=False)
    return [permission.names for permission in rbac.holders(verb, group, resource)]


def test_a_named_create_and_patch_make_the_object_by_an_apply(cluster: Access, namespace: str) -> None:
    """Who may create and patch one name cannot POST it, but an apply creates it, and no other."""
    objects = _role(namespace, ["create", "patch"], ["mine"])
    tess = _given(cluster, namespace, objects)
    maps = f"/api/v1/namespaces/{namespace}/{MAPS}"

    def apply(name: str) -> int:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
        return tess.request("PATCH", f"{maps}/{name}?fieldManager=t", body, APPLY)[0]

    assert tess.request("POST", maps, {"metadata": {"name": "mine"}})[0] == 403
    assert apply("mine") == 201
    assert apply("other") == 403
    assert _names(objects, "create") == [("mine",)]


def test_a_named_create_alone_makes_nothing(cluster: Access, namespace: str) -> None:
    """Without patch there is no apply, so nothing with that name can be made."""
    objects = _role(namespace, ["create", "update"], ["mine"])
    tess = _given(cluster, namespace, objects)
    maps = f"/api/v1/namespaces/{namespace}/{MAPS}"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine"}}

    assert tess.request("POST", maps, body)[0] == 403
    assert tess.request("PATCH", f"{maps}/mine?fieldManager=t", body, APPLY)[0] == 403
    assert tess.request("PUT", f"{maps}/mine", body)[0] in (403, 404, 405)
    assert _names(objects, "create") == []


def test_a_named_create_and_update_make_a_role_by_a_put(cluster: Access, namespace: str) -> None:
    """A PUT creates roles, leases, services: there a named create and update are enough."""
    objects = _role(namespace, ["create", "update"], ["mine"], group=GROUP, resource="roles")
    tess = _given(cluster, namespace, objects)
    body = {"apiVersion": f"{GROUP}/v1", "kind": "Role", "metadata": {"name": "mine"}, "rules": []}
    roles = f"/apis/{GROUP}/v1/namespaces/{namespace}/roles"

    assert tess.request("POST", roles, body)[0] == 403
    assert tess.request("PUT", f"{roles}/mine", body)[0] == 201
    assert _names(objects, "create", GROUP, "roles") == [("mine",)]


@pytest.mark.parametrize("verb", ["list", "watch"])
def test_a_named_read_of_many_needs_the_field_selector(cluster: Access, namespace: str, verb: str) -> None:
    """A list or watch by name is refused as a whole, and allowed with the field selector of that name."""
    objects = _role(namespace, [verb], ["mine"])
    tess = _given(cluster, namespace, objects)
    watch = "&watch=true&timeoutSeconds=1" if verb == "watch" else ""
    maps = f"/api/v1/namespaces/{namespace}/{MAPS}?limit=5{watch}"

    assert tess.request("GET", maps)[0] == 403
    assert tess.request("GET", f"{maps}&fieldSelector=metadata.name%3Dmine")[0] == 200
    assert tess.request("GET", f"{maps}&fieldSelector=metadata.name%3Dother")[0] == 403
    assert _names(objects, verb) == [("mine",)]


def test_a_named_deletecollection_deletes_nothing(cluster: Access, namespace: str) -> None:
    """A collection has no name, with a field selector neither."""
    objects = _role(namespace, ["deletecollection"], ["mine"])
    tess = _given(cluster, namespace, objects)
    maps = f"/api/v1/namespaces/{namespace}/{MAPS}"

    assert tess.request("DELETE", maps)[0] == 403
    assert tess.request("DELETE", f"{maps}?fieldSelector=metadata.name%3Dmine")[0] == 403
    assert _names(objects, "deletecollection") == []


def test_an_empty_name_is_that_of_a_collection(cluster: Access, namespace: str) -> None:
    """A rule whose resourceNames hold an empty text lists and creates as if it named nothing."""
    objects = _role(namespace, ["list", "create"], ["", "mine"])
    tess = _given(cluster, namespace, objects)
    maps = f"/api/v1/namespaces/{namespace}/{MAPS}"

    assert tess.request("GET", maps)[0] == 200
    assert tess.request("POST", maps, {"metadata": {"name": "any"}})[0] == 201
    assert _names(objects, "list") == _names(objects, "create") == [()]


def test_a_named_create_of_a_subresource_is_limited_to_the_name(cluster: Access, namespace: str) -> None:
    """A token request names its ServiceAccount, so a rule can limit it."""
    objects = _role(namespace, ["create"], ["default"], resource="serviceaccounts/token")
    tess = _given(cluster, namespace, objects)
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    cluster.client().create(accounts, {"metadata": {"name": "other"}})

    assert tess.request("POST", f"{accounts}/default/token", {"spec": {}})[0] == 201
    assert tess.request("POST", f"{accounts}/other/token", {"spec": {}})[0] == 403
    assert _names(objects, "create", resource="serviceaccounts/token") == [("default",)]


def test_a_role_in_a_namespace_reaches_that_namespace_itself(cluster: Access, namespace: str) -> None:
    """A request for a namespace by its name is made in it; one for all namespaces, or for nodes, is not."""
    metadata = {"name": "tried", "namespace": namespace}
    objects = _role(namespace, ["get"], [])
    objects[0] = {
        **objects[0],
        "metadata": metadata,
        "rules": [
            {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["namespaces", "nodes"]},
            {"verbs": ["get"], "apiGroups": ["x"], "resources": ["sentinels"]},
        ],
    }
    tess = _given(cluster, namespace, objects)
    rbac = rbac_of(facts_of(objects), defaults=False)

    assert tess.request("GET", f"/api/v1/namespaces/{namespace}")[0] == 200
    assert tess.request("GET", "/api/v1/namespaces/default")[0] == 403
    assert tess.request("GET", "/api/v1/namespaces")[0] == 403
    assert tess.request("GET", "/api/v1/nodes")[0] == 403
    assert [found.namespace for found in rbac.holders("get", "", "namespaces")] == [namespace]
    assert not [*rbac.holders("list", "", "namespaces"), *rbac.holders("get", "", "nodes")]
