"""What runs, what admission lets in, what powers include, who is in which group."""

from __future__ import annotations

from typing import Any

import pytest
from tests.access.small import node
from tests.posture.given import NOW, facts_of, read

from strongroom.access.admission import REFUSED, UNKNOWN, Demand
from strongroom.access.graph import Graph, build
from strongroom.access.membership import memberships
from strongroom.access.names import anything_named, identity_named, secret_named
from strongroom.access.powers import included
from strongroom.access.world import World
from strongroom.errors import UsageError
from strongroom.inventory.join import build as join
from strongroom.model.access import Node, Power, power
from strongroom.model.settings import Settings

_OWNED = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec: {template: {spec: {serviceAccountName: api, containers: [{name: a, image: a}]}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: api-1
  namespace: shop
  ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: api, controller: true}]
spec: {template: {spec: {containers: [{name: a, image: a}]}}}
---
apiVersion: v1
kind: Pod
metadata:
  name: api-1-x
  namespace: shop
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: api-1, controller: true}]
spec: {nodeName: n1, containers: [{name: a, image: a}]}
status: {phase: Running}
---
apiVersion: v1
kind: Pod
metadata: {name: alone, ownerReferences: [{apiVersion: x/v1, kind: Thing, name: gone, controller: true}]}
spec: {nodeName: n2, containers: [{name: a, image: a}]}
"""


def _pod(name: str, owner: str) -> dict[str, Any]:
    reference = {"apiVersion": "v1", "kind": "Pod", "name": owner, "controller": True}
    metadata = {"name": name, "ownerReferences": [reference]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [{"image": "a"}]}}


def test_pods_belong_to_what_made_them() -> None:
    """A pod is its Deployment's, through its ReplicaSet; one whose owner is not in the sources is its own."""
    world = World(read(_OWNED))

    assert [(code.node.show(), code.machines, code.service_account) for code in world.code] == [
        ("deployment/shop/api", frozenset({"n1"}), "api"),
        ("pod/default/alone", frozenset({"n2"}), "default"),
    ]
    assert [code.node.kind for code in world.code_of_pods("shop", ["api-1-x"])] == ["Deployment"]
    assert world.machines == ("n1", "n2")


def test_owners_in_a_circle_hide_nothing() -> None:
    """Objects that say they made each other both run."""
    world = World(facts_of(_pod("a", "b"), _pod("b", "a")))

    assert [code.node.name for code in world.code] == ["a", "b"]


@pytest.mark.parametrize(
    ("level", "demand", "condition"),
    [
        ("privileged", Demand.PRIVILEGED, ""),
        ("baseline", Demand.PRIVILEGED, REFUSED),
        ("restricted", Demand.HOST_PATH, REFUSED),
        ("baseline", Demand.ROOT, ""),
        ("restricted", Demand.ROOT, REFUSED),
        ("unheard-of", Demand.PRIVILEGED, ""),
    ],
)
def test_levels_of_pod_security(level: str, demand: Demand, condition: str) -> None:
    """Each level refuses what the standard says; a label that is no level is not enforced."""
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "a", "labels": {"pod-security.kubernetes.io/enforce": level}},
    }

    assert World(facts_of(namespace)).admits("a", demand).condition == condition


def test_a_policy_engine_is_not_guessed_at() -> None:
    """Where a policy may refuse a pod, what needs one is under a condition; a policy of another namespace says nothing."""
    policy = {"apiVersion": "kyverno.io/v1", "kind": "Policy", "metadata": {"name": "p", "namespace": "a"}, "spec": {}}
    world = World(facts_of(policy, _pod("x", "y")))

    assert world.admits("a", Demand.PRIVILEGED).condition == UNKNOWN
    assert world.admits("default", Demand.PRIVILEGED).condition == ""
    assert world.admits("", Demand.PRIVILEGED).condition == ""


_POLICY = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-root}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}
  validations: [{expression: "false"}]
---
apiVersion: v1
kind: Namespace
metadata: {name: guarded, labels: {team: a}}
---
apiVersion: v1
kind: Namespace
metadata: {name: open}
"""


def _bound(actions: str) -> str:
    return f"""
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: b}}
spec:
  policyName: no-root
  validationActions: [{actions}]
  matchResources: {{namespaceSelector: {{matchLabels: {{team: a}}}}}}
"""


def test_policies_of_kubernetes_count_where_they_are_bound() -> None:
    """A ValidatingAdmissionPolicy may refuse pods in the namespaces of a binding that denies, and nowhere else."""
    unbound, audited, denied = (World(read(_POLICY + more)) for more in ("", _bound("Audit"), _bound("Deny")))

    assert unbound.admits("guarded", Demand.PRIVILEGED).condition == ""
    assert audited.admits("guarded", Demand.PRIVILEGED).condition == ""
    assert denied.admits("guarded", Demand.PRIVILEGED).condition == UNKNOWN
    assert denied.admits("open", Demand.PRIVILEGED).condition == ""


def test_policies_whose_bindings_were_not_to_be_read() -> None:
    """Where a cluster did not list the bindings, a policy may be enforced anywhere; where it did, none means nowhere."""
    resources = read(_POLICY).resources
    kind = "validatingadmissionpolicybindings.admissionregistration.k8s.io"
    listed, missing = (World(join(resources, [], [], Settings(), NOW, (), gaps)) for gaps in ([], [(kind, "")]))

    assert listed.admits("open", Demand.PRIVILEGED).condition == ""
    assert missing.admits("open", Demand.PRIVILEGED).condition == UNKNOWN


def test_every_power_includes_only_what_is_there() -> None:
    """Each power can be asked for, over one namespace and over all, and never includes itself."""
    world = World(read(_OWNED))
    for what in Power:
        for namespace in ("", "shop"):
            holder = power(what, namespace)
            targets = [step.target for step in included(holder, world)]
            assert holder not in targets
            assert len(targets) == len(set(targets)) or what is Power.HOST


def test_a_power_over_all_is_the_power_over_each() -> None:
    """Who reads every Secret reads those of each namespace."""
    world = World(read(_OWNED))

    assert [step.target for step in included(power(Power.READ_SECRETS), world)] == [
        power(Power.READ_SECRETS, space) for space in world.namespaces
    ]


def test_built_in_groups() -> None:
    """Accounts, kubelets and users are in the groups of Kubernetes itself, where these hold anything."""
    account, kubelet = Node("ServiceAccount", "a", "x"), Node("Node", "", "n")
    names = ("system:serviceaccounts:a", "system:serviceaccounts", "system:authenticated", "system:nodes")
    holding = frozenset(Node("Group", "", name) for name in names)
    found = {(s.source.name, s.target.name) for s in memberships([account, kubelet, node("u")], holding, {})}

    assert found == {
        ("x", "system:serviceaccounts:a"),
        ("x", "system:serviceaccounts"),
        ("x", "system:authenticated"),
        ("n", "system:nodes"),
        ("n", "system:authenticated"),
        ("u", "system:authenticated"),
    }


def test_everybody_can_come_without_a_credential() -> None:
    """What strangers hold, everybody holds."""
    stranger = Node("Group", "", "system:unauthenticated")
    found = {(s.source.name, s.target.name) for s in memberships([node("u")], frozenset({stranger}), {})}

    assert ("system:authenticated", "system:anonymous") in found
    assert ("system:anonymous", "system:unauthenticated") in found
    assert ("u", "system:authenticated") in found


def _named() -> tuple[Graph, World]:
    facts = read(
        _OWNED
        + """
---
{apiVersion: v1, kind: Secret, metadata: {name: db, namespace: shop}}
---
{apiVersion: v1, kind: Secret, metadata: {name: db, namespace: vault}}
---
{apiVersion: v1, kind: Secret, metadata: {name: one, namespace: vault}}
"""
    )
    world = World(facts)
    return build(world), world


def test_names_as_people_write_them() -> None:
    """Short kinds, the API server's own names and pods of a workload are understood."""
    graph, world = _named()
    words = ("sa/shop/api", "system:serviceaccount:shop:api", "User/system:serviceaccount:shop:api")

    assert {identity_named(word, graph, world) for word in words} == {Node("ServiceAccount", "shop", "api")}
    assert identity_named("pod/shop/api-1-x", graph, world) == Node("Deployment", "shop", "api")
    assert identity_named("deploy/shop/api", graph, world) == Node("Deployment", "shop", "api")
    assert secret_named("one", graph) == Node("Secret", "vault", "one")
    assert anything_named("secret/shop/db", graph, world) == Node("Secret", "shop", "db")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("sa/shop/ap", "did you mean serviceaccount/shop/api?"),
        ("nothing at all", "write it as"),
        ("user/", "write it as"),
        ("secret/shop/db", ""),
    ],
)
def test_an_unknown_identity_is_an_error(text: str, hint: str) -> None:
    """Whoever is not known is an error, with what is near."""
    graph, world = _named()
    with pytest.raises(UsageError) as caught:
        identity_named(text, graph, world)

    assert caught.value.hint.startswith(hint)


def test_a_name_of_several_secrets_is_refused() -> None:
    """A bare name that two Secrets have is an error that names them."""
    graph, _ = _named()
    with pytest.raises(UsageError) as caught:
        secret_named("db", graph)

    assert caught.value.hint == "one of secret/shop/db, secret/vault/db"
