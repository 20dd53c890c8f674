"""Exposures and reach over small graphs."""

from __future__ import annotations

from tests.access.small import graph, node
from tests.posture.given import read

from strongroom.access.graph import Graph, build
from strongroom.access.questions import Exposures, control_plane, reached_by, reaching, withheld_from
from strongroom.access.world import World
from strongroom.model.access import Node, Step
from strongroom.model.secret import SecretRef


def test_an_exposure_counts_who_and_how() -> None:
    """An exposure counts users, groups, acts and means."""
    found = graph("a = g", "g -get- S", "b -exec- S", "c b")
    (one,) = Exposures(found).of(found.secrets())

    assert (one.users, one.groups, one.accounts, one.identities) == (3, 1, 0, 4)
    assert one.by_steps == (0, 3, 1)
    assert one.means == (("exec", 2), ("get", 2))
    assert not one.everyone


def test_the_most_widely_reached_comes_first() -> None:
    """Secrets are ranked by how many reach them; one that everybody reaches comes before all."""
    steps = [Step(Node("Group", "", "system:authenticated"), node("E"), "get")]
    found = Graph([*steps, *(Step(node(who), node("S"), "get") for who in "abc"), Step(node("a"), node("T"), "get")])
    ranked = Exposures(found).of(found.secrets())

    assert [one.secret.name for one in ranked] == ["E", "S", "T"]
    assert ranked[0].everyone == "system:authenticated"


def test_the_control_plane_is_counted_apart() -> None:
    """Identities that every cluster has are no users or accounts of somebody."""
    own = next(node for node in sorted(control_plane()) if node.kind == "ServiceAccount")
    found = Graph([Step(own, node("S"), "get"), Step(node("a"), node("S"), "get")])
    (one,) = Exposures(found).of(found.secrets())

    assert (one.identities, one.control_plane) == (1, 1)


def test_a_holder_of_every_right_is_told_once() -> None:
    """Of an administrator it is told that he may do everything, not each thing that he may do."""
    facts = read("""
apiVersion: v1
kind: Secret
metadata: {name: db, namespace: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: root}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ann}]
""")
    found = build(World(facts))
    (one,) = Exposures(found).of(found.secrets())

    assert (one.secret, one.users) == (SecretRef("shop", "db"), 1)
    assert {way for way, _ in one.means} == {"every-right", "system-masters"}


def test_of_whoever_may_come_to_hold_every_right_the_strongest_means_is_told() -> None:
    """``bob`` reads Secrets at once, ``eve`` only once she is ``ann``, who may do everything: no more is told."""
    facts = read("""
apiVersion: v1
kind: Secret
metadata: {name: db, namespace: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: root}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ann}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: as-ann}
rules: [{apiGroups: [""], resources: [users], verbs: [impersonate], resourceNames: [ann]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: as-ann}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: as-ann}
subjects:
  - {apiGroup: rbac.authorization.k8s.io, kind: User, name: bob}
  - {apiGroup: rbac.authorization.k8s.io, kind: User, name: eve}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: shop}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: bob}]
""")
    found = build(World(facts))
    (one,) = Exposures(found).of(found.secrets())

    assert one.users == 3
    assert dict(one.means) == {"every-right": 3, "secrets-get": 1, "system-masters": 1}


def test_what_somebody_reaches_is_ordered() -> None:
    """Secrets come first, the nearest first; groups and powers are no answer."""
    found = graph("a b", "b S", "a T", "a = g", "g *ns", "*ns = U")
    reached = reached_by(found, found.number[node("a")])

    assert [(one.node.name, one.steps) for one in reached] == [("T", 1), ("U", 1), ("S", 2), ("b", 1)]


def test_those_who_reach_something_come_with_their_paths() -> None:
    """Each identity that reaches a Secret has its own path to it."""
    found = graph("a b", "b S", "c T")
    told = {one.node.name: one.steps for one in reaching(found, found.identities(), found.number[node("S")])}

    assert told == {"a": 2, "b": 1}


def test_conditions_are_no_reach() -> None:
    """A step with a condition counts only where conditions are taken for met, and is counted as left out otherwise."""
    strict = graph("a S", withheld=("a T", "a S", "q T"))
    open_ = graph("a S", withheld=("a T",), conditional=True)

    assert [one.node.name for one in reached_by(strict, strict.number[node("a")])] == ["S"]
    assert withheld_from(strict, strict.number[node("a")]) == 1
    assert Exposures(strict).withheld() == 2
    assert {one.node.name for one in reached_by(open_, open_.number[node("a")])} == {"S", "T"}
