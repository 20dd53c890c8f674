"""What is known to be needed of Secrets, and the smaller role."""

from __future__ import annotations

from typing import Any

import pytest
from tests.access.reach import bound, given, rule
from tests.posture.given import facts_of

from strongroom.access.minimise import Minimised, minimise
from strongroom.access.world import World
from strongroom.model.minimise import Smaller

Body = dict[str, Any]
_WEB: Body = {"kind": "ServiceAccount", "name": "web", "namespace": "shop"}


def secret(name: str, namespace: str = "shop") -> Body:
    """Return a Secret."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}}


def program(*args: str, env: tuple[Body, ...] = ()) -> Body:
    """Return a Deployment that runs as the account web and has the Secret db in its environment."""
    db = {"name": "DB", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}
    container = {"name": "web", "image": "web:1", "args": [*args], "env": [db, *env]}
    spec = {"template": {"spec": {"serviceAccountName": "web", "containers": [container]}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": spec,
    }


_SECRETS = (secret("db"), secret("mail"), secret("other"), secret("far", "vault"))


def asked(*bodies: Body) -> Minimised:
    """Return what could be smaller of some objects."""
    return minimise(World(facts_of(*_SECRETS, *bodies)))


def smaller(*bodies: Body) -> Smaller:
    """Return the one role that could be smaller."""
    (one,) = asked(*bodies).smaller
    return one


def left(*bodies: Body) -> str:
    """Return why the one role is left as it is."""
    result = asked(*bodies)
    assert not result.smaller
    (one,) = result.left
    return one.why


def test_what_the_kubelet_delivers_needs_no_right() -> None:
    """A program that is only given Secrets by its pod spec needs no rule about them; its other rights stay."""
    both = {"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["get", "list"]}

    one = smaller(program(), *given("shop", both, subject=_WEB))

    assert one.all_rules == [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]
    assert [(use.secret.name, use.delivered) for use in one.uses] == [("db", True)]


@pytest.mark.parametrize(
    "web",
    [
        program("--secret=mail"),
        program("--from", "shop/mail"),
        program(env=({"name": "MAIL_SECRET", "value": "mail"},)),
    ],
    ids=["argument", "with namespace", "variable"],
)
def test_a_secret_named_to_the_program_stays_readable_by_its_name(web: Body) -> None:
    """Never below what is in use: a Secret whose name the program is started with is kept, by get and by name."""
    one = smaller(web, *given("shop", rule("secrets", "get", "list", "watch"), subject=_WEB))

    assert one.all_rules == [rule("secrets", "get", names=("mail",))]


def test_a_name_in_a_config_map_counts() -> None:
    """A Secret that is named in a ConfigMap which the program is given is in use."""
    settings: Body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "shop"},
        "data": {"app.yaml": "mail:\n  secretName: mail\n"},
    }
    reference = {"name": "SETTINGS", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "app.yaml"}}}

    one = smaller(settings, program(env=(reference,)), *given("shop", rule("secrets", "get"), subject=_WEB))

    assert one.all_rules[0]["resourceNames"] == ["mail"]


def test_verbs_that_write_are_left_and_said() -> None:
    """Which Secrets a program writes is not known: the verbs stay, and that some of them read is said."""
    one = smaller(program("mail"), *given("shop", rule("secrets", "get", "create", "patch"), subject=_WEB))

    assert [(r["resourceNames"], r["verbs"]) for r in one.all_rules] == [
        (["mail"], ["get"]),
        ([], ["create", "patch"]),
    ]
    assert any("create or patch" in text and "patch reads too" in text for text in one.open)


def test_a_role_of_all_namespaces_becomes_one_of_some() -> None:
    """A ClusterRole loses its Secrets; what is in use is read by a Role in the namespace of the Secret."""
    one = smaller(program("vault/far"), *given("", rule("secrets", "get", "list"), rule("nodes", "get"), subject=_WEB))

    assert [r["resources"] for r in one.all_rules] == [["nodes"]]
    (beside,) = one.beside
    role, binding = beside.bodies()
    assert (role["kind"], role["metadata"]["namespace"]) == ("Role", "vault")
    assert role["rules"][0]["resourceNames"] == ["far"]
    assert binding["subjects"] == [_WEB]


def test_a_wildcard_is_spelt_out_without_secrets() -> None:
    """Every resource of the core API but secrets, and every other group: what else the rule gives stays."""
    everything = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get"]}

    core, others = smaller(program(), *given("shop", everything, subject=_WEB)).all_rules

    assert core["apiGroups"] == [""]
    assert "secrets" not in core["resources"]
    assert {"pods", "pods/exec", "configmaps"} <= set(core["resources"])
    assert others["resources"] == ["*"]
    assert "apps" in others["apiGroups"]
    assert "" not in others["apiGroups"]


@pytest.mark.parametrize(
    ("bodies", "why"),
    [
        (given("shop", rule("secrets", "get")), "user/mallory holds it"),
        (given("shop", rule("secrets", "get"), subject={**_WEB, "name": "idle"}), "nothing in the sources runs as"),
        (
            given("shop", rule("secrets", "get"), rule("leases", "get", group="coordination.k8s.io"), subject=_WEB),
            "contr",
        ),
        (
            given("shop", rule("secrets", "get"), rule("widgets", "get", group="example.com"), subject=_WEB),
            "controller's",
        ),
        (given("shop", rule("secrets", "get", names=("mail",)), subject=_WEB), "limited to Secrets by name already"),
        (given("shop", rule("secrets", "get"), subject=_WEB)[:1], "no binding"),
        (given("shop", rule("secrets", "patch"), subject=_WEB), "as small as the sources can tell"),
        (given("", rule("*", "*", group="*"), subject=_WEB), "every right on everything"),
    ],
    ids=["people", "idle", "leases", "custom resources", "by name", "unbound", "only writes", "everything"],
)
def test_what_nothing_is_known_of_is_left_with_the_reason(bodies: list[Body], why: str) -> None:
    """Roles of people, of idle accounts and of controllers are not touched, and the reason is said."""
    assert why in left(program(), *bodies)


def test_a_binding_to_a_role_of_kubernetes_is_told_and_the_role_left() -> None:
    """Roles that Kubernetes itself keeps are not changed: their holders should have one of their own."""
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"}
    result = asked(program(), bound("shop", reference, _WEB))

    assert not result.smaller
    assert [(one.role.name, "a role of its own" in one.why) for one in result.left if one.role.name == "edit"] == [
        ("edit", True)
    ]
