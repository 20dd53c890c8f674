"""How the access checks judge a rule: by who holds it, and each rule once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.inventory.join import build
from strongroom.model.facts import Facts
from strongroom.model.finding import Audience, Confidence, Practice, Severity
from strongroom.model.origin import Origin
from strongroom.model.settings import Settings
from strongroom.posture.check import Check, Hit, subjects
from strongroom.posture.checks import CHECKS
from strongroom.posture.grants import grant_of
from strongroom.sources.objects import objects_in

RBAC = "rbac.authorization.k8s.io"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
BY_ID = {check.id: check for check in CHECKS}
ACCESS = tuple(check for check in CHECKS if check.practice in (Practice.ACCESS, Practice.ISOLATION, Practice.AT_REST))


def _facts(*bodies: Any) -> Facts:
    found = [r for index, body in enumerate(bodies) for r in objects_in(body, Origin("deploy", "rbac.yaml", index))]
    return build(found, (), (), Settings(), NOW)


def _role(*rules: dict[str, Any], name: str = "reader", namespace: str = "", **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "Role" if namespace else "ClusterRole",
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {}), **metadata},
        "rules": list(rules),
    }


def _rule(*resources: str, verbs: tuple[str, ...] = ("get", "list"), **more: Any) -> dict[str, Any]:
    return {"apiGroups": [""], "resources": list(resources), "verbs": list(verbs), **more}


def _binding(role: dict[str, Any], *who: tuple[str, str], namespace: str = "") -> dict[str, Any]:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": {"name": "binding", **({"namespace": namespace} if namespace else {})},
        "roleRef": {"apiGroup": RBAC, "kind": role["kind"], "name": role["metadata"]["name"]},
        "subjects": [
            {"kind": kind, "name": name, **({"namespace": "shop"} if kind == "ServiceAccount" else {})}
            for kind, name in who
        ],
    }


def _hits(facts: Facts, *checks: Check[Any]) -> Iterator[tuple[Check[Any], Hit]]:
    for check in checks:
        for subject in subjects(facts, check.over):
            for hit in check.examine(subject, facts):
                yield check, hit


def _judgement(check_id: str, *bodies: Any) -> tuple[Severity | None, Confidence | None]:
    ((_, hit),) = _hits(_facts(*bodies), BY_ID[check_id])
    return hit.severity, hit.confidence


WEB = ("ServiceAccount", "web")
SECRETS = _rule("secrets")


def test_a_grant_knows_who_holds_a_role_and_where() -> None:
    """Subjects of cluster-wide bindings come first, each once, and namespaces are those of the RoleBindings."""
    role = _role(SECRETS)
    bindings = [
        _binding(role, ("Group", "ops"), namespace="mail"),
        _binding(role, WEB),
        _binding(role, WEB, ("User", "ada")),
    ]
    facts = _facts(role, *bindings)

    grant = grant_of(facts.roles[0], facts)

    assert [holder.show() for holder in grant.holders] == ["ServiceAccount shop/web", "User ada", "Group ops"]
    assert grant.wide
    assert grant.namespaces == ("mail",)
    assert grant.where == "in every namespace"
    assert grant.holder == "held by ServiceAccount shop/web and 2 more"


def test_a_cluster_role_in_single_namespaces_is_not_wide() -> None:
    """A ClusterRole that only RoleBindings give reaches their namespaces."""
    role = _role(SECRETS)
    facts = _facts(role, _binding(role, WEB, namespace="shop"), _binding(role, WEB, namespace="mail"))

    assert not grant_of(facts.roles[0], facts).wide
    assert grant_of(facts.roles[0], facts).where == "in namespaces mail, shop"


@pytest.mark.parametrize(
    ("metadata", "who", "severity"),
    [
        ({}, [WEB], Severity.HIGH),
        ({}, [("Group", "developers")], Severity.HIGH),
        ({}, [("ServiceAccount", "argocd-server")], Severity.MEDIUM),
        ({}, [("ServiceAccount", "argocd-server"), WEB], Severity.HIGH),
        ({}, [("ServiceAccount", "kustomize-controller"), ("ServiceAccount", "helm-controller")], Severity.MEDIUM),
        ({}, [("Group", "argocd-admins")], Severity.HIGH),
        ({"name": "external-secrets-controller"}, [WEB], Severity.MEDIUM),
        ({"labels": {"app.kubernetes.io/name": "cert-manager"}}, [WEB], Severity.MEDIUM),
    ],
)
def test_known_operators_are_medium(metadata: dict[str, Any], who: list[tuple[str, str]], severity: Severity) -> None:
    """Reading every Secret is high, except for an operator whose installation asks for it; people are no operator."""
    role = _role(SECRETS, **metadata)

    assert _judgement("rbac-reads-all-secrets", role, _binding(role, *who)) == (severity, Confidence.HIGH)


def test_a_definition_that_nothing_binds_is_only_that() -> None:
    """A ClusterRole without a binding in the sources is at most medium, and we are not sure."""
    assert _judgement("rbac-reads-all-secrets", _role(SECRETS)) == (Severity.MEDIUM, Confidence.LOW)


def test_a_part_of_an_aggregated_role_is_given_with_it() -> None:
    """Who holds an aggregated ClusterRole holds its parts."""
    part = _role(SECRETS, labels={"to": "shop-admin"})
    selector = {"clusterRoleSelectors": [{"matchLabels": {"to": "shop-admin"}}]}
    whole = {**_role(name="shop-admin"), "aggregationRule": selector}

    assert _judgement("rbac-reads-all-secrets", part, whole, _binding(whole, WEB)) == (Severity.HIGH, Confidence.HIGH)


@pytest.mark.parametrize(
    ("rules", "who", "severity"),
    [
        ([SECRETS], WEB, Severity.HIGH),
        ([SECRETS], ("Group", "developers"), Severity.MEDIUM),
        ([SECRETS, _rule("pods/status", verbs=("patch",))], WEB, Severity.MEDIUM),
    ],
)
def test_a_namespace_is_judged_by_the_kind_of_holder(
    rules: list[dict[str, Any]], who: tuple[str, str], severity: Severity
) -> None:
    """Listing the Secrets of a namespace is high for a program, medium for people and for controllers."""
    role = _role(*rules, namespace="shop")

    assert _judgement("rbac-lists-secrets", role, _binding(role, who, namespace="shop")) == (severity, Confidence.HIGH)


def test_names_do_not_restrict_the_other_way_round() -> None:
    """With resourceNames nothing is listed at large, and ``create`` on workloads allows nothing at all."""
    names: dict[str, Any] = {"resourceNames": ["web"]}
    role = _role(_rule("secrets", **names), _rule("pods", verbs=("create",), **names), namespace="shop")
    facts = _facts(role, _binding(role, WEB, namespace="shop"))

    assert [check.id for check, _ in _hits(facts, *ACCESS)] == []


@pytest.mark.parametrize("rule", [_rule("*", verbs=("*",)), _rule("*", verbs=("get",)), _rule("*", verbs=("create",))])
def test_a_wildcard_is_reported_once(rule: dict[str, Any]) -> None:
    """What ``*`` among the resources covers is said by one check only."""
    role = _role(rule)

    assert [check.id for check, _ in _hits(_facts(role, _binding(role, WEB)), *ACCESS)] == ["rbac-wildcard"]


@pytest.mark.parametrize(
    ("role", "who", "namespace", "expected"),
    [
        ("cluster-admin", "system:authenticated", "", Severity.CRITICAL),
        ("cluster-admin", "system:authenticated", "shop", Severity.HIGH),
        ("view", "system:authenticated", "", Severity.HIGH),
        ("view", "system:anonymous", "", Severity.CRITICAL),
        ("elsewhere", "system:unauthenticated", "", Severity.MEDIUM),
        ("admin", "system:serviceaccounts:shop", "", Severity.HIGH),
        ("admin", "system:serviceaccounts:shop", "shop", Severity.MEDIUM),
        ("view", "system:serviceaccounts:shop", "shop", Severity.LOW),
    ],
)
def test_everyone_is_judged_by_what_he_holds(role: str, who: str, namespace: str, expected: Severity) -> None:
    """The worst is everyone as administrator; the accounts of one namespace are not everyone; one check says it."""
    kind = "User" if who == "system:anonymous" else "Group"
    binding = _binding(_role(name=role), (kind, who), namespace=namespace)

    found = list(_hits(_facts(binding), *ACCESS))

    assert [(check.id, hit.severity) for check, hit in found] == [("rbac-binds-everyone", expected)]


def test_built_in_roles_are_no_mistake_of_the_user() -> None:
    """What Kubernetes makes itself, and what the control plane aggregates, is left alone."""
    everything = {"apiGroups": ["*"], "resources": ["*", "secrets"], "verbs": ["*"]}
    made = _role(everything, name="cluster-admin", labels={"kubernetes.io/bootstrapping": "rbac-defaults"})
    system = _role(everything, name="system:controller:generic-garbage-collector")
    aggregated = {**_role(everything, name="sum"), "aggregationRule": {"clusterRoleSelectors": [{}]}}

    assert [check.id for check, _ in _hits(_facts(made, system, aggregated), *ACCESS)] == []


_VERBS = st.sampled_from(
    ["*", "get", "list", "watch", "create", "update", "patch", "bind", "escalate", "impersonate", "approve"]
)
_GROUPS = st.sampled_from(
    ["", "*", "apps", "batch", RBAC, "external-secrets.io", "certificates.k8s.io", "authentication.k8s.io"]
)
_RESOURCES = st.sampled_from(
    [
        *(
            "*",
            "*/*",
            "*/exec",
            "*/token",
            "*/proxy",
            "secrets",
            "pods",
            "pods/exec",
            "nodes/proxy",
            "serviceaccounts/token",
        ),
        *(
            "clusterroles",
            "roles",
            "users",
            "groups",
            "serviceaccounts",
            "deployments",
            "jobs",
            "externalsecrets",
            "leases",
        ),
        *("certificatesigningrequests/approval", "signers", "userextras/scopes", "mutatingwebhookconfigurations"),
    ]
)
_RULES = st.fixed_dictionaries(
    {
        "verbs": st.lists(_VERBS, min_size=1, max_size=3),
        "apiGroups": st.lists(_GROUPS, min_size=1, max_size=3),
        "resources": st.lists(_RESOURCES, min_size=1, max_size=4),
    },
    optional={"resourceNames": st.lists(st.sampled_from(["web", "kubernetes.io/*"]), max_size=1)},
)


@settings(max_examples=150)
@given(st.lists(_RULES, min_size=1, max_size=3), st.sampled_from(["", "shop"]), st.booleans())
def test_no_place_is_reported_twice_as_high(rules: list[dict[str, Any]], namespace: str, bound: bool) -> None:
    """Whatever a role grants, no two checks stop a merge for the same entry, and low speaks to the pedantic only."""
    role = _role(*rules, namespace=namespace)
    facts = _facts(role, *([_binding(role, WEB, namespace=namespace)] if bound else []))

    hits = list(_hits(facts, *ACCESS))

    high = [hit.origin.field for _, hit in hits if (hit.severity or Severity.INFO) >= Severity.HIGH]
    assert len(high) == len(set(high))
    assert all(
        hit.audience is Audience.PEDANTIC
        for check, hit in hits
        if check.id.startswith("rbac-") and hit.severity is Severity.LOW
    )
    assert all(facts.roles[0].resource.get(*hit.origin.field) is not None for _, hit in hits)


_LEAVES = st.none() | st.booleans() | st.integers() | st.sampled_from(["*", "secrets", "default", "kube-apiserver", ""])
_KEYS = st.sampled_from(
    [
        *(
            "spec",
            "provider",
            "vault",
            "aws",
            "auth",
            "secretRef",
            "conditions",
            "namespaceSelector",
            "namespaceRegexes",
        ),
        *("apiServer", "extraArgs", "containers", "command", "args", "image", "name", "template", "rules", "subjects"),
        *("roleRef", "metadata", "labels", "kubeadmConfigSpec", "clusterConfiguration", "aggregationRule", "kind"),
    ]
)
_JSON = st.recursive(_LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4))
_KINDS = st.sampled_from(
    [
        *((f"{RBAC}/v1", kind) for kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")),
        *(("external-secrets.io/v1", kind) for kind in ("SecretStore", "ClusterSecretStore")),
        *(("v1", kind) for kind in ("Namespace", "Pod", "ServiceAccount")),
        ("kubeadm.k8s.io/v1beta4", "ClusterConfiguration"),
        ("controlplane.cluster.x-k8s.io/v1beta1", "KubeadmControlPlane"),
        ("secrets.hashicorp.com/v1beta1", "VaultAuth"),
    ]
)


@settings(max_examples=200)
@given(st.lists(st.tuples(_KINDS, st.dictionaries(_KEYS, _JSON, max_size=6)), max_size=4))
def test_hostile_shapes_do_not_stop_a_check(objects: list[tuple[tuple[str, str], dict[str, Any]]]) -> None:
    """Whatever stands in the fields, every check answers."""
    facts = _facts(*({**body, "apiVersion": version, "kind": kind} for (version, kind), body in objects))

    assert all(hit.message for _, hit in _hits(facts, *ACCESS))
