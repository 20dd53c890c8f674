"""Files inside ConfigMaps that move, as a real control plane takes what becomes of them."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support.controlplane.fixtures import StartCluster

FILES = {
    "application.properties": "# database\nspring.datasource.password=ktNPT0ND3YWZznDFpGlnEAVrtvqjRxWC\nserver.port=8080\n",
    "settings.json": '{"port": 1, "password": "ktNPT0ND3YWZznDFpGlnEAVrtvqjRxWC"}\n',
}
_POD = """
      containers:
      - name: a
        image: registry.example.org/a:1
        volumeMounts:
        - {name: c, mountPath: /etc/app}
        - {name: c, mountPath: /opt/a.properties, subPath: application.properties}
      volumes:
      - name: c
"""
VOLUMES = {
    "whole": "        configMap: {name: app, defaultMode: 0440, optional: true}\n",
    "items": "        configMap:\n          name: app\n          items:\n"
    "          - {key: application.properties, path: application.properties, mode: 0400}\n"
    "          - {key: LEVEL, path: level}\n",
    "projected": "        projected:\n          defaultMode: 0400\n          sources:\n          - configMap: {name: app}\n"
    "          - configMap: {name: app, items: [{key: settings.json, path: again.json}]}\n",
}


def _manifests() -> str:
    data = "".join(f"  {key}: {json.dumps(text)}\n" for key, text in {**FILES, "LEVEL": "info"}.items())
    documents = [
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: files}\n",
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: app, namespace: files}}\ndata:\n{data}",
    ]
    kinds = zip(("Deployment", "StatefulSet", "DaemonSet"), VOLUMES.items(), strict=True)
    for kind, (name, volume) in kinds:
        extra = "\n  serviceName: s" if kind == "StatefulSet" else ""
        documents.append(
            f"apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: files}}\nspec:{extra}\n"
            "  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n    spec:"
            f"{_POD}{volume}"
        )
    return "---\n".join(f"{one.rstrip()}\n" for one in documents)


def test_files_that_move(tmp_path: Path, start_cluster: StartCluster, program: Callable[[str], Path]) -> None:
    """The API server takes every form of a volume of what moved, and the Secret holds the same bytes."""
    config, kubectl = start_cluster().access.kubeconfig(), program("kubectl")
    path = tmp_path / "deploy" / "all.yaml"
    path.parent.mkdir()
    path.write_text(_manifests())

    def apply(*more: str) -> None:
        call = [str(kubectl), "--kubeconfig", str(config), "apply", "-f", str(path), *more]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    apply()
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), "LC_ALL": "C.UTF-8"}
    call = [
        sys.executable,
        "-m",
        "strongroom",
        "fix",
        "deploy",
        "--only",
        "secret-in-configmap",
        "--to",
        "secret",
        "--yes",
    ]
    done = subprocess.run(call, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 containers compared" in done.stdout
    apply("--dry-run=server")
    apply()

    call = [str(kubectl), "--kubeconfig", str(config), "-n", "files", "get", "secret", "app-config", "-o", "json"]
    held = json.loads(subprocess.run(call, capture_output=True, check=True).stdout)["data"]
    assert {key: base64.b64decode(value).decode() for key, value in held.items()} == FILES
