"""Who may do what, by the roles and bindings of a few manifests; the oracle folder compares with an API server."""

from __future__ import annotations

from typing import Any

import pytest
from tests.access.oracle.compare import resources_of

from strongroom.access.rbac import Permission, Rbac
from strongroom.access.rbac_request import Request, User
from strongroom.inventory.rbac import bindings_of, roles_of
from strongroom.model.rbac import Subject

GROUP = "rbac.authorization.k8s.io"
WEB = {"kind": "ServiceAccount", "name": "web", "namespace": "shop"}
ALICE = {"kind": "User", "name": "alice"}


def made(kind: str, name: str, namespace: str = "", **body: Any) -> dict[str, Any]:
    """An RBAC object."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": metadata, **body}


def rule(
    *resources: str, verbs: tuple[str, ...] = ("get",), groups: tuple[str, ...] = ("",), **more: Any
) -> dict[str, Any]:
    """A rule on resources."""
    return {"verbs": list(verbs), "apiGroups": list(groups), "resources": list(resources), **more}


def binding(role: str, *subjects: dict[str, str], namespace: str = "", name: str = "bound") -> dict[str, Any]:
    """A binding to ``Kind/name``; a RoleBinding where it has a namespace."""
    kind, _, role_name = role.partition("/")
    reference = {"kind": kind, "name": role_name}
    return made(
        "RoleBinding" if namespace else "ClusterRoleBinding", name, namespace, roleRef=reference, subjects=[*subjects]
    )


def rbac(*objects: dict[str, Any]) -> Rbac:
    """The index of the objects."""
    resources = resources_of(objects)
    roles = roles_of(resources)
    return Rbac(roles, bindings_of(resources, roles))


def found(index: Rbac, verb: str, resource: str, **where: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """Subject, namespace and names of the permissions on a resource of the core group."""
    return [(one.subject.show(), one.namespace, one.names) for one in index.holders(verb, "", resource, **where)]


def test_a_role_binding_gives_a_cluster_role_in_its_namespace() -> None:
    """A ClusterRole that a RoleBinding names is given in that namespace only."""
    index = rbac(
        made("ClusterRole", "reader", rules=[rule("secrets")]), binding("ClusterRole/reader", WEB, namespace="shop")
    )

    assert found(index, "get", "secrets") == [("ServiceAccount shop/web", "shop", ())]
    assert found(index, "get", "secrets", namespace="shop") == found(index, "get", "secrets")
    assert found(index, "get", "secrets", namespace="mail") == []
    assert found(index, "get", "secrets", namespace="") == []


def test_a_cluster_role_binding_reaches_every_namespace() -> None:
    """What a ClusterRoleBinding gives is found for each namespace, for all of them, and for anywhere."""
    index = rbac(made("ClusterRole", "reader", rules=[rule("secrets")]), binding("ClusterRole/reader", ALICE))

    for where in ({}, {"namespace": "shop"}, {"namespace": ""}):
        assert found(index, "get", "secrets", **where) == [("User alice", "", ())]


def test_a_permission_names_its_rule_role_and_binding() -> None:
    """The evidence of a permission is the rule that matched, in its role, given by its binding."""
    role = made("Role", "reader", "shop", rules=[rule("pods"), rule("secrets", resourceNames=["db"])])
    index = rbac(role, binding("Role/reader", WEB, namespace="shop"))

    (permission,) = index.holders("get", "", "secrets")

    assert permission.rule.field == ("rules", 1)
    assert (permission.role.resource.name, permission.binding.resource.name) == ("reader", "bound")
    assert permission.names == ("db",)


def test_an_object_without_a_namespace_is_of_default() -> None:
    """Where manifests name no namespace, role, binding and subject are in the one that kubectl takes."""
    objects = [
        made("Role", "reader", rules=[rule("secrets")]),
        made(
            "RoleBinding",
            "b",
            roleRef={"kind": "Role", "name": "reader"},
            subjects=[{"kind": "ServiceAccount", "name": "web"}],
        ),
    ]

    assert found(rbac(*objects), "get", "secrets") == [("ServiceAccount default/web", "default", ())]


def test_a_service_account_of_a_cluster_role_binding_needs_its_namespace() -> None:
    """Without a namespace a ClusterRoleBinding speaks of no ServiceAccount at all."""
    account = {"kind": "ServiceAccount", "name": "web"}
    index = rbac(made("ClusterRole", "reader", rules=[rule("secrets")]), binding("ClusterRole/reader", account))

    assert found(index, "get", "secrets") == []


@pytest.mark.parametrize(
    ("reference", "namespace"),
    [("Role/missing", "shop"), ("ClusterRole/missing", ""), ("Role/reader", ""), ("Role/reader", "mail")],
)
def test_a_binding_to_no_role_gives_nothing(reference: str, namespace: str) -> None:
    """A role that is not there, of another kind or in another namespace gives nothing."""
    index = rbac(
        made("Role", "reader", "shop", rules=[rule("secrets")]), binding(reference, ALICE, namespace=namespace)
    )

    assert found(index, "get", "secrets") == []
    assert index.allows(User("alice"), Request("get", resource="secrets", namespace="shop")) is None


def test_a_rule_without_names_makes_the_named_ones_needless() -> None:
    """Of several rules of one role, one that allows any name is the only one given back."""
    role = made(
        "ClusterRole", "r", rules=[rule("secrets", resourceNames=["db"]), rule("*", groups=("*",)), rule("secrets")]
    )
    index = rbac(role, binding("ClusterRole/r", ALICE))

    assert [one.rule.field for one in index.holders("get", "", "secrets")] == [("rules", 1)]


def test_every_named_rule_is_given_back() -> None:
    """Where all rules are limited to names, each is a permission of its own."""
    role = made(
        "ClusterRole", "r", rules=[rule("secrets", resourceNames=["a", "b"]), rule("secrets", resourceNames=["c"])]
    )

    assert [one[2] for one in found(rbac(role, binding("ClusterRole/r", ALICE)), "get", "secrets")] == [
        ("a", "b"),
        ("c",),
    ]


def test_subresources_are_matched_as_written() -> None:
    """``*/exec`` and ``*`` cover ``pods/exec``; ``pods``, ``pods/*`` and ``*/*`` do not."""
    for written, covers in (
        ("*/exec", True),
        ("*", True),
        ("pods/exec", True),
        ("pods", False),
        ("pods/*", False),
        ("*/*", False),
    ):
        index = rbac(
            made("ClusterRole", "r", rules=[rule(written, verbs=("create",))]), binding("ClusterRole/r", ALICE)
        )

        assert bool(found(index, "create", "pods/exec")) is covers, written


def test_role_bindings_do_not_reach_what_no_namespace_has() -> None:
    """A RoleBinding gives nothing on nodes, nor on a custom resource that is cluster-scoped."""
    objects = (
        made("ClusterRole", "r", rules=[rule("*", groups=("*",))]),
        binding("ClusterRole/r", ALICE, namespace="shop"),
    )
    resources = resources_of(objects)
    roles = roles_of(resources)
    index = Rbac(roles, bindings_of(resources, roles), cluster_scoped=[("example.com", "zones")])

    assert [*index.holders("get", "", "nodes"), *index.holders("get", "example.com", "zones")] == []
    assert len([*index.holders("get", "example.com", "parts")]) == 1


def test_paths_are_given_by_cluster_role_bindings_only() -> None:
    """A RoleBinding to a ClusterRole with nonResourceURLs does not give them."""
    role = made("ClusterRole", "r", rules=[{"verbs": ["get"], "nonResourceURLs": ["/logs/*"]}])
    index = rbac(role, binding("ClusterRole/r", ALICE), binding("ClusterRole/r", WEB, namespace="shop", name="other"))

    assert [one.subject.show() for one in index.holders_of_path("get", "/logs/x")] == ["User alice"]
    assert [*index.holders_of_path("get", "/metrics")] == [*index.holders_of_path("post", "/logs/x")] == []
    assert index.allows(User("alice"), Request("get", path="/logs/x"))
    assert not index.allows(User.of_service_account("shop", "web"), Request("get", path="/logs/x", namespace="shop"))


def test_a_user_is_allowed_by_what_its_groups_are_given() -> None:
    """The subject of the permission is the group, and the first one that applies."""
    subjects = ({"kind": "Group", "name": "nobody"}, {"kind": "Group", "name": "system:serviceaccounts:shop"})
    index = rbac(made("ClusterRole", "r", rules=[rule("secrets")]), binding("ClusterRole/r", *subjects))

    permission = index.allows(
        User.of_service_account("shop", "web"), Request("get", resource="secrets", namespace="mail")
    )

    assert permission is not None
    assert permission.subject == Subject("Group", "", "system:serviceaccounts:shop")
    assert index.allows(User.of_service_account("mail", "web"), Request("get", resource="secrets")) is None


def test_a_user_named_like_a_service_account_is_that_account() -> None:
    """A binding to the user name of a ServiceAccount and one to the account itself are the same."""
    user = {"kind": "User", "name": "system:serviceaccount:shop:web"}
    index = rbac(made("ClusterRole", "r", rules=[rule("secrets")]), binding("ClusterRole/r", user))

    assert found(index, "get", "secrets") == [("ServiceAccount shop/web", "", ())]
    assert index.allows(User.of_service_account("shop", "web"), Request("get", resource="secrets")) is not None


def test_a_user_named_like_half_a_service_account_is_a_user() -> None:
    """A name with an empty part is no ServiceAccount: nothing in the API has that name."""
    user = {"kind": "User", "name": "system:serviceaccount::web"}
    index = rbac(made("ClusterRole", "r", rules=[rule("secrets")]), binding("ClusterRole/r", user, namespace="shop"))

    assert found(index, "get", "secrets") == [("User system:serviceaccount::web", "shop", ())]


def test_a_list_of_all_namespaces_needs_a_cluster_role_binding() -> None:
    """A request without a namespace is not allowed by what a RoleBinding gives."""
    index = rbac(
        made("ClusterRole", "r", rules=[rule("secrets", verbs=("list",))]),
        binding("ClusterRole/r", ALICE, namespace="shop"),
    )

    assert index.allows(User("alice"), Request("list", resource="secrets", namespace="shop")) is not None
    assert index.allows(User("alice"), Request("list", resource="secrets")) is None


def test_names_are_compared_with_their_case() -> None:
    """Verbs, groups, resources, names and subjects differ where their case does."""
    index = rbac(
        made("ClusterRole", "r", rules=[rule("secrets", resourceNames=["db"])]), binding("ClusterRole/r", ALICE)
    )
    right = Request("get", resource="secrets", namespace="shop", name="db")
    wrong = [
        Request("GET", resource="secrets", name="db"),
        Request("get", resource="Secrets", name="db"),
        Request("get", resource="secrets", name="DB"),
    ]

    assert index.allows(User("alice"), right) is not None
    assert index.allows(User("Alice"), right) is None
    assert [index.allows(User("alice"), request) for request in wrong] == [None] * 3


def test_a_binding_with_the_same_subject_twice_gives_it_once() -> None:
    """Repeated subjects are one holder."""
    assert (
        len(
            found(
                rbac(made("ClusterRole", "r", rules=[rule("secrets")]), binding("ClusterRole/r", ALICE, ALICE)),
                "get",
                "secrets",
            )
        )
        == 1
    )


def test_large_roles_and_groups_are_no_product() -> None:
    """A role of 10,000 rules given to 10,000 subjects is asked without going through all their pairs."""
    names = [f"n{number}" for number in range(10_000)]
    rules = [rule("secrets", resourceNames=[name]) for name in names] + [rule("pods")]
    subjects = [{"kind": "User", "name": name} for name in names]
    index = rbac(made("ClusterRole", "r", rules=rules), binding("ClusterRole/r", *subjects))

    assert sum(1 for _ in index.holders("get", "", "pods")) == len(names)
    assert [len(grant.rules) for grant in index.grants("get", "", "secrets")] == [len(names)]
    assert all(index.allows(User(name), Request("get", resource="pods")) for name in names)


def test_a_permission_is_a_value() -> None:
    """Asking twice gives equal permissions, so that they can be put into sets."""
    index = rbac(made("ClusterRole", "r", rules=[rule("secrets")]), binding("ClusterRole/r", ALICE))

    once, again = ({*index.holders("get", "", "secrets")} for _ in range(2))

    assert once == again
    assert all(isinstance(one, Permission) for one in once)
