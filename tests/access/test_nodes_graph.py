"""Which objects belong to which node; ``oracle/test_nodes.py`` compares with a running API server."""

from __future__ import annotations

from typing import Any

from tests.access.oracle.compare import resources_of

from strongroom.access.nodes_graph import NodesGraph, Thing


def _pod(
    name: str = "web", node: str = "a", *, annotations: dict[str, str] | None = None, **spec: Any
) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", "annotations": annotations or {}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"nodeName": node, **spec}}


def _graph(*objects: dict[str, Any]) -> NodesGraph:
    return NodesGraph(resources_of(objects))


def _volume(claim: dict[str, str] | None, **source: Any) -> dict[str, Any]:
    spec = {**source, **({"claimRef": claim} if claim else {})}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv"}, "spec": spec}


def test_a_pod_brings_itself_and_its_service_account() -> None:
    """A pod that names no ServiceAccount runs as ``default``."""
    assert _graph(_pod()).of("a") == {Thing("pods", "shop", "web"), Thing("serviceaccounts", "shop", "default")}
    assert Thing("serviceaccounts", "shop", "robot") in _graph(_pod(serviceAccountName="robot")).of("a")


def test_a_pod_without_a_node_brings_nothing() -> None:
    """Nobody runs a pod that is not scheduled."""
    graph = _graph(_pod(node=""))

    assert (graph.nodes, graph.of("a"), graph.of("")) == ((), frozenset(), frozenset())


def test_a_mirror_of_a_static_pod_brings_itself_alone() -> None:
    """A node cannot reach a Secret by saying that a pod of its own refers to it."""
    pod = _pod(annotations={"kubernetes.io/config.mirror": "x"}, imagePullSecrets=[{"name": "pull"}])

    assert _graph(pod).of("a") == {Thing("pods", "shop", "web")}


def test_every_container_brings_what_its_variables_name() -> None:
    """Init and ephemeral containers count like the others."""

    def container(name: str) -> dict[str, Any]:
        return {"name": name, "envFrom": [{"secretRef": {"name": name}}]}

    spec: dict[str, Any] = {part: [container(part)] for part in ("initContainers", "containers", "ephemeralContainers")}

    names = {thing.name for thing in _graph(_pod(**spec)).of("a") if thing.plural == "secrets"}
    assert names == {"initContainers", "containers", "ephemeralContainers"}


def test_a_claim_brings_its_volume_and_the_secrets_that_a_kubelet_needs() -> None:
    """Secrets of the controller of a volume are none of a node's business."""
    pod = _pod(volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}])
    csi = {field: {"namespace": "x", "name": field} for field in ("nodeStageSecretRef", "controllerPublishSecretRef")}
    graph = _graph(pod, _volume({"namespace": "shop", "name": "data"}, csi=csi))

    assert graph.holds("a", Thing("persistentvolumes", "", "pv"))
    assert graph.holds("a", Thing("secrets", "x", "nodeStageSecretRef"))
    assert not graph.holds("a", Thing("secrets", "x", "controllerPublishSecretRef"))


def test_a_volume_of_another_claim_brings_nothing() -> None:
    """Nor does one that nobody claims."""
    pod = _pod(volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}])
    for claim in (None, {"namespace": "mail", "name": "data"}):
        graph = _graph(pod, _volume(claim, cephfs={"secretRef": {"name": "s"}}))

        assert not graph.holds("a", Thing("persistentvolumes", "", "pv"))
        assert not graph.holds("a", Thing("secrets", "mail", "s"))


def test_older_volumes_take_secrets_from_the_namespace_of_the_claim() -> None:
    """Where a reference names no namespace, it is that of the claim."""
    pod = _pod(volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}])
    claim = {"namespace": "shop", "name": "data"}

    assert _graph(pod, _volume(claim, cephfs={"secretRef": {"name": "s"}})).holds("a", Thing("secrets", "shop", "s"))
    assert _graph(pod, _volume(claim, azureFile={"secretName": "s"})).holds("a", Thing("secrets", "shop", "s"))


def test_odd_shapes_are_passed_over() -> None:
    """A pod with texts where lists belong brings itself."""
    pod = _pod(volumes="x", containers=[1, {"env": {}, "envFrom": [None]}], imagePullSecrets=[None, {"name": 1}])

    assert len(_graph(pod).of("a")) == 2
