"""Ways by where the API server keeps values: etcd, and the audit log.

There is no kubelet here: what a program reads on the machine is read from the same files and by the same requests.
"""

from __future__ import annotations

import functools
import http.client
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from tests.access.demonstrations.stage import Stage, encoded
from tests.support.controlplane.access import eventually
from tests.support.controlplane.apiserver import Options
from tests.support.controlplane.fixtures import StartCluster

from strongroom.access.edges import WAYS
from strongroom.access.pages import example


def test_etcd_holds_values(stage: Callable[[str], Stage]) -> None:
    """A pod that mounts etcd's folder is let in where nothing refuses it, and etcd holds the value in plain text."""
    scene = stage("etcd-read")
    scene.put("setup")

    pod = scene.admin.get(f"/api/v1/namespaces/{scene.outside}/pods/backup")
    assert pod["spec"]["volumes"][0]["hostPath"]["path"] == "/var/lib/etcd"
    stored = scene.cluster.store.get(f"/registry/secrets/{scene.vault}/crown-jewel") or b""
    assert scene.planted.encode() in stored


def test_pod_security_refuses_the_mount(stage: Callable[[str], Stage]) -> None:
    """Where the namespace enforces ``baseline``, the API server refuses the pod that mounts etcd's folder."""
    scene = stage("etcd-read")
    scene.put("setup")
    space = f"/api/v1/namespaces/{scene.outside}"
    pod = scene.admin.get(f"{space}/pods/backup")
    labels = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
    scene.admin.call("PATCH", space, labels, {"Content-Type": "application/merge-patch+json"})
    body = {"metadata": {"name": "again"}, "spec": {key: pod["spec"][key] for key in ("containers", "volumes")}}

    def refused() -> bool:
        status, said = scene.admin.request("POST", f"{space}/pods?dryRun=All", body)
        return status == http.client.FORBIDDEN and b"hostPath" in said

    eventually(refused, "Pod Security refuses it")


def test_the_audit_log_holds_values(start_cluster: StartCluster, tmp_path: Path) -> None:
    """With the policy of the first example the log holds a Secret's value, with that of the second only its name."""
    opened, closed = (Options(audit_policy=_policy(name, tmp_path)) for name in ("setup", "fixed"))
    cluster = start_cluster(opened, closed)
    for index, server in enumerate(cluster.api_servers):
        body = {"metadata": {"name": f"jewel-{index}"}, "stringData": {"password": "planted-by-the-example"}}
        server.access.client().create("/api/v1/namespaces/default/secrets", body)
    logs = [server.audit_log for server in cluster.api_servers]
    for index, log in enumerate(logs):
        eventually(functools.partial(_says, log, f"jewel-{index}"), "it is logged")

    assert _holds(logs[0])
    assert not _holds(logs[1])


def _policy(name: str, folder: Path) -> Path:
    way = next(way for way in WAYS if way.id == "audit-log-read")
    documents: list[dict[str, Any]] = list(yaml.safe_load_all(example(way, name).manifests))
    target = folder / f"{name}.yaml"
    target.write_text(yaml.safe_dump(next(one for one in documents if one["kind"] == "Policy")))
    return target


def _text(log: Path) -> str:
    return log.read_text() if log.exists() else ""


def _holds(log: Path) -> bool:
    return "planted-by-the-example" in _text(log) or encoded("planted-by-the-example") in _text(log)


def _says(log: Path, text: str) -> bool:
    return text in _text(log)
