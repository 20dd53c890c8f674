"""The real Sealed Secrets controller on a control plane of its own, reached through the API server as in any cluster.

The controller takes its API server and its token from where a pod has them. It runs in a mount namespace of its own
(unshare(1)), in which that place is a file system in memory.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.controlplane.access import Access, eventually
from tests.support.controlplane.process import Process
from tests.support.controlplane.server import Cluster

SPACE = "sealing"
NAME = "sealed-secrets-controller"
_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_IN_A_POD = f"""
set -e
mount -t tmpfs tmpfs "$(readlink -f /var/run)"
mkdir -p {_ACCOUNT}
cp "$0/token" "$0/ca.crt" {_ACCOUNT}
exec "$@"
"""
_CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "sealedsecrets.bitnami.com"},
    "spec": {
        "group": "bitnami.com",
        "names": {"kind": "SealedSecret", "listKind": "SealedSecretList", "plural": "sealedsecrets"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                },
            }
        ],
    },
}


class SealedSecretsController(Process):
    """A running controller.

    Args:
        program: the controller.
        cluster: where it works; it gets a namespace there, a Service, and the rights that it needs.
        folder: for its token and its log.
    """

    def __init__(self, program: Path, cluster: Access, folder: Path) -> None:
        super().__init__(NAME, folder / "controller.log")
        self.access = cluster
        self._program, self._folder = program, folder
        self._admin = cluster.client()

    def run(self) -> None:
        """Start it and wait until it answers through the API server.

        Raises:
            ProcessError: it ended, or did not become ready in time.
        """
        address = _own_address()
        with socket.socket() as free:
            free.bind((address, 0))
            port = free.getsockname()[1]
        self._prepare(address, port)
        host, _, api = self.access.url.removeprefix("https://").rpartition(":")
        self.start(
            [
                "/usr/bin/env",
                f"KUBERNETES_SERVICE_HOST={host}",
                f"KUBERNETES_SERVICE_PORT={api}",
                f"POD_NAMESPACE={SPACE}",
                *("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _IN_A_POD, str(self._folder)),
                str(self._program),
                f"--listen-addr={address}:{port}",
                "--listen-metrics-addr=127.0.0.1:0",
                "--key-size=2048",
                "--key-renew-period=0",
                "--rate-limit-burst=5",
            ]
        )
        self.wait_until(lambda: self._admin.answers(f"{self.path}/healthz"), "answering", 8)

    @property
    def path(self) -> str:
        """Where the API server hands requests on to it."""
        return f"/api/v1/namespaces/{SPACE}/services/http:{NAME}:http/proxy"

    def options(self) -> list[str]:
        """What a command is told to find it."""
        return ["--kubeconfig", str(self.access.kubeconfig()), "--controller-namespace", SPACE]

    def backup(self, target: Path) -> Path:
        """Write its keys as ``kubectl get secret -o json`` would; return the file."""
        found = self._admin.get(
            f"/api/v1/namespaces/{SPACE}/secrets?labelSelector=sealedsecrets.bitnami.com/sealed-secrets-key%3Dactive"
        )
        items = [{"apiVersion": "v1", "kind": "Secret", **one} for one in found["items"]]
        target.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        return target

    def renew_key(self) -> None:
        """Have it make a new sealing key; return when it hands that one out."""
        before = self._admin.request("GET", f"{self.path}/v1/cert.pem")[1]
        os.kill(self.pid, signal.SIGUSR1)
        eventually(lambda: self._admin.request("GET", f"{self.path}/v1/cert.pem")[1] != before, "a new key")

    def apply(self, body: Mapping[str, Any]) -> None:
        """Put a SealedSecret into its cluster."""
        metadata = body["metadata"]
        space = metadata["namespace"]
        self._admin.apply(f"/apis/bitnami.com/v1alpha1/namespaces/{space}/sealedsecrets/{metadata['name']}", body)

    def unsealed(self, namespace: str, name: str) -> dict[str, bytes]:
        """Wait for the Secret that it makes; return its values."""
        path = f"/api/v1/namespaces/{namespace}/secrets/{name}"
        eventually(lambda: self._admin.answers(path), f"Secret {namespace}/{name}")
        return {key: base64.b64decode(text) for key, text in self._admin.get(path)["data"].items()}

    def _prepare(self, address: str, port: int) -> None:
        admin, space = self._admin, f"/api/v1/namespaces/{SPACE}"
        for name in (SPACE, "shop", "mail"):
            admin.apply(f"/api/v1/namespaces/{name}", _object("v1", "Namespace", name))
        admin.apply("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/sealedsecrets.bitnami.com", _CRD)
        admin.apply(f"{space}/serviceaccounts/{NAME}", _object("v1", "ServiceAccount", NAME, SPACE))
        binding = _object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", NAME)
        binding["roleRef"] = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
        binding["subjects"] = [{"kind": "ServiceAccount", "name": NAME, "namespace": SPACE}]
        admin.apply(f"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{NAME}", binding)
        service = _object("v1", "Service", NAME, SPACE)
        service["spec"] = {"ports": [{"name": "http", "port": 8080, "targetPort": port}]}
        admin.apply(f"{space}/services/{NAME}", service)
        ports = [{"name": "http", "port": port}]
        # An API server hands requests on to pods only: one has to say that the address is its own.
        pod = _object("v1", "Pod", NAME, SPACE)
        pod["spec"] = {"serviceAccountName": NAME, "containers": [{"name": NAME, "image": "none"}]}
        admin.apply(f"{space}/pods/{NAME}", pod)
        admin.apply(f"{space}/pods/{NAME}/status", {**pod, "status": {"podIPs": [{"ip": address}], "podIP": address}})
        endpoints = _object("v1", "Endpoints", NAME, SPACE)
        target = {"kind": "Pod", "name": NAME, "namespace": SPACE}
        endpoints["subsets"] = [{"addresses": [{"ip": address, "targetRef": target}], "ports": ports}]
        admin.apply(f"{space}/endpoints/{NAME}", endpoints)
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        token = admin.create(f"{space}/serviceaccounts/{NAME}/token", asked)["status"]["token"]
        (self._folder / "token").write_text(token)
        (self._folder / "ca.crt").write_bytes(self.access.authority.credential.certificate)


@contextmanager
def controller(programs: Mapping[str, Path], program: Path, folder: Path) -> Iterator[SealedSecretsController]:
    """Run a control plane and a controller on it."""
    with Cluster(programs, controllers=False) as cluster:
        running = SealedSecretsController(program, cluster.access, folder)
        try:
            running.run()
            yield running
        finally:
            running.kill()


def _object(api_version: str, kind: str, name: str, namespace: str = "") -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def _own_address() -> str:
    """Return an address of this machine that is not the loopback one: an API server hands nothing on to that."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect(("198.51.100.1", 9))  # nothing is sent
        return str(one.getsockname()[0])
