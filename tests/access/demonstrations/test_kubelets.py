"""Ways through a kubelet: the API server passes the request on, and a stand-in answers in the kubelet's place."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.access.demonstrations.kubelet import Kubelet, stream
from tests.access.demonstrations.stage import Stage, demonstrate, is_refused, reads
from tests.support.controlplane.access import eventually
from tests.support.controlplane.apiserver import Options
from tests.support.controlplane.fixtures import StartCluster

STREAMS = {
    "pods-exec": ("exec", "command=env&stdout=true"),
    "pods-attach": ("attach", "stdout=true&stdin=true"),
    "pods-port-forward": ("portforward", "ports=8080"),
}


def _pod(stage: Stage) -> str:
    return f"/api/v1/namespaces/{stage.vault}/pods/web"


def _streamed(stage: Stage, method: str, subresource: str, query: str, protocol: str) -> str:
    attacker = stage.account(stage.outside, "attacker")
    return stream(attacker, method, f"{_pod(stage)}/{subresource}?{query}", protocol)


@pytest.mark.parametrize("way", STREAMS)
def test_stream(way: str, stage: Callable[[str], Stage], tmp_path: Path) -> None:
    """The attacker's stream reaches the kubelet, and is refused once the way is closed."""
    scene = stage(way)
    scene.put("setup")
    with Kubelet(scene, tmp_path) as kubelet:
        kubelet.register()
        demonstrate(scene, lambda at: _streamed(at, "POST", *STREAMS[way], "SPDY/3.1"))


def test_get_is_enough_before_1_35(start_cluster: StartCluster, tmp_path: Path) -> None:
    """A WebSocket needs no more than ``get`` while the API server does not ask for ``create`` too; today it does."""
    gate = "AuthorizePodWebsocketUpgradeCreatePermission"
    cluster = start_cluster(Options(feature_gates={gate: False}), Options(feature_gates={gate: True}), controllers=True)
    for way, (subresource, query) in STREAMS.items():
        before, today = Stage(cluster.access, way), Stage(cluster.api_servers[1].access, way)
        before.put("setup")
        today.vault, today.outside = before.vault, before.outside
        path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{before.vault}/roles/{before.own('attack')}"
        role = before.admin.get(path)
        role["rules"][0]["verbs"] = ["get"]
        before.admin.call("PUT", path, role)

        attempt = functools.partial(_streamed, method="GET", subresource=subresource, query=query, protocol="websocket")
        with Kubelet(before, tmp_path) as kubelet:
            kubelet.register()
            eventually(functools.partial(reads, before, attempt), f"get is enough for {subresource}")
            eventually(functools.partial(is_refused, today, attempt), f"get is not enough for {subresource}")


def test_pods_log(stage: Callable[[str], Stage], tmp_path: Path) -> None:
    """The attacker's request for a log reaches the kubelet, and is refused once the way is closed."""
    scene = stage("pods-log")
    scene.put("setup")
    with Kubelet(scene, tmp_path) as kubelet:
        kubelet.register()
        demonstrate(scene, lambda at: str(at.attacker().get(f"{_pod(at)}/log")))


def test_pods_proxy(stage: Callable[[str], Stage], tmp_path: Path) -> None:
    """The API server connects to the pod for the attacker, and refuses once the way is closed."""
    scene = stage("pods-proxy")
    scene.put("setup")
    with Kubelet(scene, tmp_path) as kubelet:
        kubelet.register()
        path = f"/api/v1/namespaces/{scene.vault}/pods/https:web:{kubelet.port}/proxy/config"
        demonstrate(scene, lambda at: str(at.attacker().get(path)))


@pytest.mark.parametrize(("method", "protocol"), [("GET", "websocket"), ("POST", "SPDY/3.1")])
def test_nodes_proxy(method: str, protocol: str, stage: Callable[[str], Stage], tmp_path: Path) -> None:
    """A command for the kubelet passes the API server with ``get`` or ``create``, and is refused without."""
    scene = stage("nodes-proxy")
    scene.put("setup")
    with Kubelet(scene, tmp_path) as kubelet:
        kubelet.register()
        path = f"/api/v1/nodes/{scene.node}/proxy/exec/{scene.vault}/web/main?command=env&output=1"
        if method == "POST":
            role = f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{scene.own('attack')}"
            create = {"rules": [{"apiGroups": [""], "resources": ["nodes/proxy"], "verbs": ["create"]}]}
            scene.admin.call("PATCH", role, create, {"Content-Type": "application/merge-patch+json"})
        demonstrate(scene, lambda at: stream(at.account(at.outside, "attacker"), method, path, protocol))
