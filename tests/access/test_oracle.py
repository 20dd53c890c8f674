"""The fast closure against brute force, on random small clusters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.access.brute_force import Body, Cluster, distances
from tests.posture.given import facts_of

from strongroom.access.closure import COUNTED, Closure
from strongroom.access.edges import WAYS
from strongroom.access.graph import Graph, steps_of
from strongroom.access.routes import Tree
from strongroom.access.world import World
from strongroom.model.access import Node

_IDS = (
    "secrets-get",
    "secrets-list",
    "secrets-watch",
    "pods-create",
    "pods-exec",
    "tokens-create",
    "impersonate-service-accounts",
    "runs-as",
    "consumes-secret",
)
"""The ways that brute force knows: each kind of step is among them."""

_RBAC = "rbac.authorization.k8s.io"
_SPACES, _NAMES = ("red", "blue"), ("a", "b", "c")
_USERS, _GROUPS = ("ann", "bob"), ("devs", "ops")
_ENFORCE = "pod-security.kubernetes.io/enforce"

_RULES = st.fixed_dictionaries(
    {
        "apiGroups": st.sampled_from([[""], ["apps"], ["*"]]),
        "resources": st.sampled_from(
            [["secrets"], ["pods"], ["pods/exec"], ["serviceaccounts"], ["serviceaccounts/token"], ["pods", "secrets"]]
        ),
        "verbs": st.sampled_from([["get"], ["list"], ["watch"], ["create"], ["impersonate"], ["get", "create"], ["*"]]),
        "resourceNames": st.sampled_from([[], [], ["a"], ["b", "c"], ["ghost"]]),
    }
)
_SUBJECTS = st.one_of(
    st.builds(lambda name: {"kind": "User", "name": name}, st.sampled_from(_USERS)),
    st.builds(
        lambda name: {"kind": "Group", "name": name},
        st.sampled_from(
            (*_GROUPS, "system:authenticated", "system:serviceaccounts", "system:serviceaccounts:red", "system:nodes")
        ),
    ),
    st.builds(
        lambda space, name: {"kind": "ServiceAccount", "namespace": space, "name": name},
        st.sampled_from(_SPACES),
        st.sampled_from((*_NAMES, "only-bound")),
    ),
    st.builds(lambda name: {"kind": "User", "name": f"stranger-{name}"}, st.sampled_from(_NAMES)),
)


def _object(kind: str, name: str, namespace: str = "", **body: Any) -> Body:
    group = f"{_RBAC}/v1" if "Role" in kind else "v1"
    metadata: Body = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": group, "kind": kind, "metadata": metadata, **body}


@st.composite
def clusters(draw: st.DrawFn) -> Cluster:
    """Two namespaces with secrets, accounts, pods, and any roles and bindings."""
    objects: list[Body] = []
    for space in _SPACES:
        level = draw(st.sampled_from(["privileged", "baseline", "restricted"]))
        namespace = _object("Namespace", space)
        namespace["metadata"]["labels"] = {_ENFORCE: level}
        objects.append(namespace)
        objects += [_object("Secret", name, space, data={}) for name in _NAMES]
        objects += [_object("ServiceAccount", name, space) for name in (*_NAMES, "default")]
    for index in range(draw(st.integers(0, 3))):
        volumes = [{"name": n, "secret": {"secretName": n}} for n in draw(st.sets(st.sampled_from(_NAMES)))]
        spec = {
            "nodeName": draw(st.sampled_from(("m1", "m2"))),
            "serviceAccountName": draw(st.sampled_from(_NAMES)),
            "containers": [
                {"name": "c", "image": "i", "volumeMounts": [{"name": v["name"], "mountPath": "/x"} for v in volumes]}
            ],
            "volumes": volumes,
        }
        objects.append(_object("Pod", _NAMES[index], draw(st.sampled_from(_SPACES)), spec=spec))
    for index, rules in enumerate(draw(st.lists(st.lists(_RULES, max_size=3), max_size=4))):
        space = draw(st.sampled_from(("", *_SPACES)))
        objects.append(_object("Role" if space else "ClusterRole", f"role-{index}", space, rules=rules))
    roles = [body for body in objects if body["kind"] in ("Role", "ClusterRole")]
    for index in range(draw(st.integers(0, 5)) if roles else 0):
        role = draw(st.sampled_from(roles))
        space = role["metadata"].get("namespace") or draw(st.sampled_from(("", *_SPACES)))
        ref = {"apiGroup": _RBAC, "kind": role["kind"], "name": role["metadata"]["name"]}
        subjects = draw(st.lists(_SUBJECTS, min_size=1, max_size=3))
        kind = "RoleBinding" if space else "ClusterRoleBinding"
        objects.append(_object(kind, f"binding-{index}", space, roleRef=ref, subjects=_complete(subjects)))
    members = draw(st.lists(st.tuples(st.sampled_from(_GROUPS), st.sampled_from(_USERS)), max_size=3, unique=True))
    return Cluster(tuple(objects), tuple(members))


def _complete(subjects: list[Body]) -> list[Body]:
    return [s if s["kind"] == "ServiceAccount" else {**s, "apiGroup": _RBAC} for s in subjects]


def _graph(cluster: Cluster) -> Graph:
    world = World(facts_of(*cluster.objects))
    ways = [way for way in WAYS if way.id in _IDS]
    members = {
        group: tuple((Node("User", "", name), None) for known, name in cluster.members if known == group)
        for group in _GROUPS
    }
    secrets = [Node("Secret", ref.namespace, ref.name) for ref in world.secrets_in("")]
    return Graph(steps_of(world, members, ways), secrets)


def _asked(graph: Graph) -> list[Node]:
    """Return the identities that stand in the generated objects, those that every cluster has left out."""
    return [node for node in graph.nodes if node.is_identity and node.namespace != "kube-system" and not _own(node)]


def _own(node: Node) -> bool:
    return node.name.startswith(("system:kube-", "system:masters", "system:monitoring", "system:bootstrappers"))


def _agree(cluster: Cluster) -> None:
    graph = _graph(cluster)
    closure = Closure(graph, graph.identities())
    secrets = [number for number in graph.secrets() if graph.nodes[number].name in _NAMES]
    levels = dict(zip(secrets, closure.levels(secrets), strict=True))
    place = {source: index for index, source in enumerate(closure.sources)}
    for node in _asked(graph):
        number = graph.number[node]
        known = distances(cluster, (node.kind, node.namespace, node.name))
        expected = {thing: far for thing, far in known.items() if thing[0] == "Secret"}
        reached = {graph.nodes[s] for s in secrets if closure.reached_by[s] >> place[number] & 1}
        assert {tuple(node) for node in reached} == set(expected)
        tree = Tree(graph, number)
        for secret, (kind, namespace, name) in ((graph.number[one], one) for one in reached):
            far = expected[kind, namespace, name]
            assert tree.distance[secret][0] == far
            assert levels[secret][min(far, COUNTED + 1)] >> place[number] & 1
            route = tree.route(secret)
            assert route is not None
            assert route.length == far


@settings(max_examples=300)
@given(clusters())
def test_the_closure_agrees_with_brute_force(cluster: Cluster) -> None:
    """Who reaches which Secret, and in how many acts, is what a search over single grants finds."""
    _agree(cluster)


@pytest.mark.verify
@settings(max_examples=10_000)
@given(clusters())
def test_the_closure_agrees_with_brute_force_on_thousands(cluster: Cluster) -> None:
    """The same on ten thousand clusters."""
    _agree(cluster)
