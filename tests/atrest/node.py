"""The files of a control-plane node, as kubeadm leaves them, and `at-rest configure` on them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from tests.plans.build import KEY

from strongroom.atrest.configuring import CONFIG, Asked
from strongroom.atrest.procedures.arguments import EtcdArgument, ServerArgument
from strongroom.model.plan import Plan
from strongroom.model.procedure import Procedure
from strongroom.plans.apply import Doing
from strongroom.survey.at_rest.configure import MANIFEST, Node, planned
from strongroom.survey.procedures import procedure

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

STATIC_POD = """\
apiVersion: v1
kind: Pod
metadata:
  labels:
    component: kube-apiserver
    tier: control-plane
  name: kube-apiserver
  namespace: kube-system
spec:
  containers:
  - command:
    - kube-apiserver
    - --advertise-address=10.0.0.4
    - --etcd-servers=https://127.0.0.1:2379
    - --secure-port=6443   # as ever
    image: registry.k8s.io/kube-apiserver:v1.36.3
    name: kube-apiserver
    volumeMounts:
    - mountPath: /etc/kubernetes/pki
      name: k8s-certs
      readOnly: true
  hostNetwork: true
  # what the node gives
  volumes:
  - hostPath:
      path: /etc/kubernetes/pki
      type: DirectoryOrCreate
    name: k8s-certs
status: {}
"""


def procedures(_: Path, __: Callable[[str], None]) -> Callable[[str], Procedure]:
    """Return the procedures of plans that another process does."""
    return procedure


class HostNode:
    """A node in a folder, with plans of its own.

    Args:
        folder: where its files and the journals of plans lie.
        etcd: the URL of etcd; none where it cannot be read.
    """

    def __init__(self, folder: Path, etcd: str = "") -> None:
        self.root, self.state = folder / "tree", folder / "state"
        self.etcd = EtcdArgument(f"etcd:{etcd}") if etcd else None
        self.server: ServerArgument | None = None
        self.write(MANIFEST, STATIC_POD)

    def place(self, path: str) -> Path:
        """Return where a file of the node lies."""
        return self.root / path.lstrip("/")

    def write(self, path: str, text: str, mode: int = 0o600) -> None:
        """Write a file of the node."""
        place = self.place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        place.chmod(mode)

    def text(self, path: str) -> str:
        """Return what a file of the node holds."""
        return self.place(path).read_text()

    def tree(self) -> dict[str, tuple[str, int]]:
        """Return all files, with their modes."""
        return {
            str(path.relative_to(self.root)): (path.read_text(), path.stat().st_mode & 0o777)
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }

    def plan(self, provider: str = "secretbox", *resources: str, manifests: tuple[str, ...] = (), **more: Any) -> Plan:
        """Return the plan of a configuration."""
        asked = Asked(provider, resources or ("secrets",), NOW.date(), **more)
        return planned(asked, Node(self.root, manifests, self.etcd, self.server), KEY, NOW)

    def doing(self, plan: Plan) -> Doing:
        """Return what does a plan."""
        return Doing(plan, self.root, KEY, self.state, procedures=procedure)

    def configure(self, provider: str = "secretbox", *resources: str, **more: Any) -> Plan:
        """Make a plan and do it."""
        plan = self.plan(provider, *resources, **more)
        self.doing(plan).apply()
        return plan

    def flags(self) -> dict[str, str]:
        """Return the flags of the static pod, as they count."""
        words = yaml.safe_load(self.text(MANIFEST))["spec"]["containers"][0]["command"][1:]
        return {name: value for name, _, value in (word[2:].partition("=") for word in words)}

    def mounted(self) -> dict[str, str]:
        """Return the folders of the node that the API server sees, each with where it sees it."""
        spec = yaml.safe_load(self.text(MANIFEST))["spec"]
        hosts = {volume["name"]: volume["hostPath"]["path"] for volume in spec["volumes"]}
        return {mount["mountPath"]: hosts[mount["name"]] for mount in spec["containers"][0]["volumeMounts"]}

    @property
    def config(self) -> Path:
        """Where the EncryptionConfiguration lies that the static pod names."""
        return self.place(self.flags()[CONFIG])
