"""Which resource lies under which key: as a real API server's store was seen to have them."""

from __future__ import annotations

import pytest

from strongroom.sources.etcd_keys import BUILT_IN, covers, group_of, path_of, paths_of, resource_of, rule_for, rules_for


@pytest.mark.parametrize(
    ("named", "key", "found"),
    [
        ("secrets", "/registry/secrets/shop/db", ("secrets", "shop/db")),
        ("deployments.apps", "/registry/deployments/shop/web", ("deployments", "shop/web")),
        ("services", "/registry/services/specs/shop/web", ("services", "shop/web")),
        ("endpoints", "/registry/services/endpoints/shop/web", ("endpoints", "shop/web")),
        ("nodes", "/registry/minions/n1", ("nodes", "n1")),
        ("ingresses.networking.k8s.io", "/registry/ingress/shop/web", ("ingresses", "shop/web")),
        ("replicationcontrollers", "/registry/controllers/shop/web", ("replicationcontrollers", "shop/web")),
        ("clusterroles.rbac.authorization.k8s.io", "/registry/clusterroles/admin", ("clusterroles", "admin")),
        ("events", "/registry/events/shop/e", ("events", "shop/e")),
        ("widgets.example.com", "/registry/example.com/widgets/shop/w", ("widgets.example.com", "shop/w")),
        (
            "gateways.gateway.networking.k8s.io",
            "/registry/gateway.networking.k8s.io/gateways/shop/g",
            ("gateways.gateway.networking.k8s.io", "shop/g"),
        ),
        (
            "customresourcedefinitions.apiextensions.k8s.io",
            "/registry/apiextensions.k8s.io/customresourcedefinitions/x",
            ("customresourcedefinitions.apiextensions.k8s.io", "x"),
        ),
    ],
)
def test_names_and_keys(named: str, key: str, found: tuple[str, str]) -> None:
    """The name in a configuration leads to the key, and the key back to a resource that the name covers."""
    assert key.startswith(f"/registry/{path_of(named)}")
    assert resource_of(key, "/registry") == found
    assert covers(named, found[0])
    assert not covers("configmaps", found[0])


def test_groups() -> None:
    """A resource of Kubernetes has its group from the table, a custom one from its name, one of the core group none."""
    assert group_of("deployments") == ("deployments", "apps")
    assert group_of("widgets.example.com") == ("widgets", "example.com")
    assert group_of("secrets") == ("secrets", "")
    names = [name for resources in BUILT_IN.values() for name in resources]
    assert len(names) == len(set(names))


def test_wildcards() -> None:
    """What a wildcard means is read from one place where it can be, else from everywhere."""
    assert paths_of(["*.*", "secrets"]) == paths_of(["*."]) == ("",)
    assert paths_of(["*.batch"]) == ("cronjobs/", "jobs/")
    assert paths_of(["*.example.com", "secrets", "secrets"]) == ("example.com/", "secrets/")
    assert covers("*.", "secrets")
    assert not covers("*.", "deployments")
    assert covers("*.apps", "deployments")
    assert not covers("*.example.com", "gadgets.other.example.com")


def test_the_rule_of_a_resource() -> None:
    """The exact name wins over the group, the group over everything, and of equals the first."""
    rules = [["*.*"], ["*.apps", "*."], ["deployments.apps"], ["deployments.apps"]]

    assert rule_for(rules, "deployments") == 2
    assert rule_for(rules, "secrets") == 1
    assert rule_for(rules, "jobs") == 0
    assert rule_for([["configmaps"]], "secrets") is None


def test_several_rules_for_a_name() -> None:
    """Rules that name a resource alike serve it together; a name without the group that it needs counts last."""
    rules = [["*.*"], ["secrets"], ["*.apps", "secrets"], ["deployments"], ["secrets."]]
    assert rules_for(rules, "secrets") == (1, 2, 4)
    assert rules_for(rules, "deployments") == (2,)
    assert rules_for(rules[3:4], "deployments") == (0,)
    assert rules_for(rules, "pods") == (0,)
    assert rules_for(rules[1:], "pods") == ()
