"""A real API server works with what `at-rest configure` writes, and no key goes on the way back that etcd needs."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.atrest.node import STATIC_POD, HostNode
from tests.support.controlplane.access import eventually
from tests.support.controlplane.apiserver import ApiServer, Options
from tests.support.controlplane.fixtures import StartCluster, StartKms

from strongroom.atrest.procedures.arguments import ServerArgument
from strongroom.errors import PlanError
from strongroom.model.plan import Plan
from strongroom.survey.at_rest.configure import MANIFEST, several

SECRETS = "/api/v1/namespaces/default/secrets"


def options(node: HostNode) -> Options:
    """Return what an API server is told by the flags that a static pod did not have before."""
    flags = []
    for name, value in node.flags().items():
        if f"--{name}={value}" not in STATIC_POD:
            place = str(node.place(value)) if value.startswith("/") else value
            flags.append(f"--{name}={place}")
    for path in node.mounted().values():
        node.place(path).mkdir(parents=True, exist_ok=True)  # as the kubelet does for DirectoryOrCreate
    return Options(flags=tuple(flags))


def beside_a_kubelet(server: ApiServer, node: HostNode, configure: Callable[[], Plan]) -> Plan:
    """Configure a node whose API server is started anew when the manifest of its static pod changes."""
    manifest = node.place(MANIFEST)
    before = manifest.read_bytes()
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(configure)  # a program that a thread starts would end with the thread
        eventually(lambda: manifest.read_bytes() != before or working.done(), "the manifest changes")
        server.restart(options(node))
        return working.result()


def test_from_plain_text_and_back(start_cluster: StartCluster, tmp_path: Path) -> None:
    """A cluster goes from plain text to a key, proved in etcd; on the way back the key stays while it is needed."""
    cluster = start_cluster()
    [server], store, admin = cluster.api_servers, cluster.etcd.store, cluster.access.client()
    for number in range(5):
        admin.create(SECRETS, {"metadata": {"name": f"old-{number}"}, "stringData": {"a": f"value {number}"}})
    node = HostNode(tmp_path, cluster.etcd.url)
    node.server = ServerArgument("one", kubeconfig=str(cluster.access.kubeconfig()))
    before = node.tree()
    assert not several(node.root, (), node.etcd)

    plan = beside_a_kubelet(server, node, lambda: node.configure(audit=True))

    name = plan.steps[0].title.rpartition(" ")[2]
    stored = dict(store.prefix("/registry/secrets/"))
    assert len(stored) == 5
    assert all(value.startswith(f"k8s:enc:secretbox:v1:{name}:".encode()) for value in stored.values())
    for number in range(5):
        value = base64.b64decode(admin.get(f"{SECRETS}/old-{number}")["data"]["a"])
        assert value.decode() == f"value {number}"
    log = node.place(node.flags()["audit-log-path"])
    logged = [json.loads(line) for line in log.read_text().splitlines()]
    of_secrets = [one for one in logged if one.get("objectRef", {}).get("resource") == "secrets"]
    assert {one["verb"] for one in of_secrets} >= {"patch", "get"}
    assert not any("requestObject" in one or "responseObject" in one for one in logged)

    with pytest.raises(PlanError, match=f"5 secrets are encrypted under secretbox {name}"):
        node.doing(plan).undo()
    assert name in node.config.read_text()
    for number in range(5):
        admin.delete(f"{SECRETS}/old-{number}")
    server.stop()
    node.doing(plan).undo()
    assert {path: one for path, one in node.tree().items() if path.startswith("etc")} == before


def test_a_wrong_key(start_cluster: StartCluster, tmp_path: Path) -> None:
    """With a wrong key the API server is never ready; with the right one brought back, nothing is lost."""
    node = HostNode(tmp_path)
    node.configure()
    cluster = start_cluster(options(node))
    [server], admin = cluster.api_servers, cluster.access.client()
    admin.create(SECRETS, {"metadata": {"name": "kept"}, "stringData": {"a": "value"}})

    right = node.config.read_text()
    key = next(line.split()[-1] for line in right.splitlines() if "secret:" in line)
    wrong = base64.b64encode(b"w" * 32).decode()
    node.config.write_text(right.replace(key, wrong))
    server.stop()
    server.launch()
    server.wait_until(lambda: "failed to decrypt data" in server.last_output(), "refusing the key")
    assert not admin.answers("/readyz")
    found = subprocess.run(
        [sys.executable, "-m", "strongroom", "at-rest", "configure", "--root", node.root, "--dry-run"],
        capture_output=True,
        text=True,
        check=False,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    assert "is configured like that already" in found.stderr
    assert wrong not in found.stdout + found.stderr

    node.config.write_text(right)
    server.restart()
    assert base64.b64decode(admin.get(f"{SECRETS}/kept")["data"]["a"]) == b"value"


@pytest.mark.verify
def test_to_a_plugin_that_comes_late(start_cluster: StartCluster, start_kms: StartKms, tmp_path: Path) -> None:
    """From a key to a KMS plugin whose socket is missing when the API server starts: it waits, and nothing is lost."""
    node = HostNode(tmp_path)
    node.configure()
    cluster = start_cluster(options(node))
    [server], store, admin = cluster.api_servers, cluster.etcd.store, cluster.access.client()
    admin.create(SECRETS, {"metadata": {"name": "old"}, "stringData": {"a": "old value"}})
    plugin = start_kms("key-1")
    plugin.stop()

    plan = node.plan("kms", endpoint=f"unix://{plugin.socket}")
    node.doing(plan).apply()
    server.stop()
    server.options = options(node)
    server.launch()
    server.wait_until(lambda: "kms" in server.last_output().lower(), "missing its plugin")
    assert not admin.answers("/readyz")
    plugin.run()
    server.wait()

    admin.create(SECRETS, {"metadata": {"name": "new"}, "stringData": {"a": "new value"}})
    assert (store.get("/registry/secrets/default/old") or b"").startswith(b"k8s:enc:secretbox:v1:key-")
    assert (store.get("/registry/secrets/default/new") or b"").startswith(b"k8s:enc:kms:v2:strongroom:")
    for one in ("old", "new"):
        assert base64.b64decode(admin.get(f"{SECRETS}/{one}")["data"]["a"]).decode() == f"{one} value"
