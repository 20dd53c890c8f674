"""Who may do one thing: the answer of ``strongroom access who-can``."""

from __future__ import annotations

from typing import Any

import pytest
from tests.access.oracle.compare import facts_of
from tests.access.test_rbac import ALICE, WEB, binding, made, rule

from strongroom.access.membership import Members
from strongroom.access.rbac_facts import rbac_of
from strongroom.access.who_can import dangling, who_can
from strongroom.access.who_can_question import question
from strongroom.errors import UsageError
from strongroom.model.access import Node
from strongroom.model.holders import Asked, Holder

READER = made("ClusterRole", "reader", rules=[rule("secrets", verbs=("get", "list", "create", "patch"))])
NAMED = made(
    "Role", "named", "shop", rules=[rule("secrets", verbs=("get", "list", "create", "patch"), resourceNames=["db"])]
)


def _asked(*objects: dict[str, Any], members: Members | None = None, **asked: Any) -> tuple[Holder, ...]:
    facts = facts_of(objects)
    rbac = rbac_of(facts)
    question = Asked(**{"verb": "get", "resource": "secrets", **asked})
    return tuple(one for one in who_can(question, rbac, facts, members or {}) if not one.control_plane)


def _group(name: str) -> dict[str, str]:
    return {"kind": "Group", "name": name}


def test_each_holder_comes_with_binding_and_rule() -> None:
    """The binding is shown at the subject, the role at the rule."""
    (holder,) = _asked(
        READER, binding("ClusterRole/reader", WEB, ALICE, namespace="shop"), verb="list", namespaces=("shop",)
    )[1:]
    (grounds,) = holder.grounds

    assert holder.subject.show() == "User alice"
    assert grounds.binding.resource.show() == "RoleBinding shop/bound"
    assert grounds.binding.origin.field == ("subjects", 1)
    assert grounds.role.origin.field == ("rules", 0)
    assert (grounds.namespace, grounds.binding.supposed) == ("shop", False)


def test_who_may_do_it_everywhere_comes_first() -> None:
    """What reaches one namespace is listed after what reaches all."""
    objects = [
        READER,
        binding("ClusterRole/reader", ALICE, namespace="shop"),
        binding("ClusterRole/reader", WEB, name="wide"),
    ]

    assert [one.subject.show() for one in _asked(*objects)] == ["ServiceAccount shop/web", "User alice"]


def test_a_name_leaves_out_who_is_limited_to_others() -> None:
    """A rule limited to one name is a permission for that one only."""
    objects = [NAMED, binding("Role/named", WEB, namespace="shop")]

    assert [one.subject.name for one in _asked(*objects, name="db")] == ["web"]
    assert _asked(*objects, name="api") == ()
    assert _asked(*objects)[0].grounds[0].names == ("db",)


@pytest.mark.parametrize(
    ("verb", "limit"),
    [
        ("get", ""),
        ("list", "only with the field selector metadata.name"),
        ("create", "only by an apply or update that names it"),
    ],
)
def test_what_a_limit_to_names_means_is_said(verb: str, limit: str) -> None:
    """Requests for collections have no name, but for these."""
    (holder,) = _asked(NAMED, binding("Role/named", WEB, namespace="shop"), verb=verb)

    assert [grounds.limit for grounds in holder.grounds] == [limit]


def test_a_namespace_leaves_out_what_does_not_reach_it() -> None:
    """RoleBindings of other namespaces say nothing about this one; what reaches several is listed once."""
    objects = [
        READER,
        binding("ClusterRole/reader", ALICE, namespace="shop"),
        binding("ClusterRole/reader", WEB, name="wide"),
    ]

    assert [one.subject.name for one in _asked(*objects, namespaces=("mail",))] == ["web"]
    assert [len(one.grounds) for one in _asked(*objects, namespaces=("mail", "shop"))] == [1, 1]


def test_groups_of_kubernetes_are_explained_and_filled() -> None:
    """Who such a group stands for is said, with the ServiceAccounts that the sources hold."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "api", "namespace": "shop"}}
    subjects = [_group("system:serviceaccounts:shop"), _group("system:authenticated")]
    everybody, accounts = _asked(READER, account, binding("ClusterRole/reader", *subjects))

    assert everybody.stands_for == "every user, every pod and every node"
    assert accounts.stands_for == "every ServiceAccount of namespace shop, and so every pod there"
    assert [one.show() for one in accounts.members] == ["ServiceAccount shop/api"]


def test_members_of_groups_are_those_that_a_directory_names() -> None:
    """``--groups`` says who is in a group."""
    members: Members = {"dev": ((Node("User", "", "bob"), None),)}
    (holder,) = _asked(READER, binding("ClusterRole/reader", _group("dev")), members=members)

    assert [one.show() for one in holder.members] == ["User bob"]


def test_system_masters_is_always_among_them() -> None:
    """The API server asks no role about it, so it holds also what no role gives."""
    facts = facts_of([READER])
    rbac = rbac_of(facts, defaults=False)

    (masters,) = who_can(Asked("frob", "x", "things"), rbac, facts, {})

    assert (masters.subject.name, masters.grounds, masters.control_plane) == ("system:masters", (), True)


def test_paths_have_holders_too() -> None:
    """A URL that is no resource is given by nonResourceURLs."""
    role = made("ClusterRole", "r", rules=[{"verbs": ["get"], "nonResourceURLs": ["/logs/*"]}])

    assert [one.subject.name for one in _asked(role, binding("ClusterRole/r", ALICE), resource="", path="/logs/x")] == [
        "alice"
    ]


def test_bindings_without_their_role_are_named() -> None:
    """They give nothing, and look as if they did; where the role is there but refused, that is said instead."""
    refused = made("ClusterRole", "void", rules=[{"verbs": ["get"]}])
    bindings = [binding("ClusterRole/gone", ALICE), binding("ClusterRole/void", ALICE, name="other")]
    rbac = rbac_of(facts_of([refused, *bindings]))

    assert [one.show() for one in dangling(rbac)] == ["ClusterRoleBinding bound"]


CERTIFICATES = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "certificates.cert-manager.io"},
    "spec": {
        "group": "cert-manager.io",
        "scope": "Namespaced",
        "names": {"plural": "certificates", "kind": "Certificate", "singular": "certificate", "shortNames": ["cert"]},
    },
}


def _question(verb: str, what: str, *, namespaces: tuple[str, ...] = (), subresource: str = "") -> Asked:
    facts = facts_of([CERTIFICATES, made("ClusterRole", "r", rules=[rule("x", verbs=("frob",))])])
    return question(verb, what, namespaces, subresource, facts, rbac_of(facts))


@pytest.mark.parametrize(
    ("what", "group", "resource", "name"),
    [
        ("secrets", "", "secrets", ""),
        ("secret/db", "", "secrets", "db"),
        ("Secret", "", "secrets", ""),
        ("deploy", "apps", "deployments", ""),
        ("deployments.apps", "apps", "deployments", ""),
        ("sa", "", "serviceaccounts", ""),
        ("events", "", "events", ""),
        ("events.events.k8s.io", "events.k8s.io", "events", ""),
        ("pods/exec", "", "pods/exec", ""),
        ("pods/web", "", "pods", "web"),
        ("cert/shop", "cert-manager.io", "certificates", "shop"),
        ("pushsecrets.external-secrets.io", "external-secrets.io", "pushsecrets", ""),
        ("users", "", "users", ""),
    ],
)
def test_types_are_understood_as_kubectl_does(what: str, group: str, resource: str, name: str) -> None:
    """By plural, singular, short name or kind; with a group where it is needed; with a name or subresource."""
    asked = _question("get", what)

    assert (asked.group, asked.resource, asked.name) == (group, resource, name)


def test_a_subresource_may_stand_in_its_option() -> None:
    """Then what stands behind the slash is a name."""
    asked = _question("create", "pods/web", subresource="exec")

    assert (asked.resource, asked.name) == ("pods/exec", "web")


@pytest.mark.parametrize(
    ("verb", "what", "namespaces", "message", "hint"),
    [
        ("gett", "secrets", (), "there is no verb 'gett'", "did you mean get?"),
        ("GET", "secrets", (), "there is no verb 'GET'", "did you mean get?"),
        ("get", "secrts", (), "there is no type 'secrts' here", "did you mean secrets?"),
        ("get", "zzzz", (), "there is no type 'zzzz' here", "of another group: zzzz.GROUP"),
        ("get", "nodes", ("shop",), "nodes are in no namespace", "leave out --namespace"),
        ("get", "/metrics", ("shop",), "/metrics is a path: it has neither namespace nor subresource", ""),
    ],
)
def test_a_question_that_means_nothing_is_refused(
    verb: str, what: str, namespaces: tuple[str, ...], message: str, hint: str
) -> None:
    """Nobody may do what does not exist, and such an answer would be taken for a good one."""
    with pytest.raises(UsageError) as refused:
        _question(verb, what, namespaces=namespaces)

    assert (refused.value.message, refused.value.hint) == (message, hint)


def test_a_verb_that_a_rule_names_is_one() -> None:
    """Authorization knows verbs of its own, and anybody may add some."""
    assert _question("frob", "secrets").verb == "frob"
    assert _question("impersonate", "users").verb == "impersonate"
