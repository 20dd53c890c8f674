"""Which places of a node hold credentials."""

from __future__ import annotations

from typing import Any

import pytest
from tests.posture.given import facts_of, pod

from strongroom.model.finding import Severity
from strongroom.posture.checks.host_path_to_credentials import examine


def severities(path: object, *, context: dict[str, Any] | None = None, **body: Any) -> list[Severity | None]:
    """Return the severities that a mount of a path is found with."""
    mount = {"name": "v", "mountPath": "/host"}
    containers = [{"name": "a", "image": "a", "volumeMounts": [mount], "securityContext": context or {}}]
    spec = {"containers": containers, "volumes": [{"name": "v", "hostPath": {"path": path}}]}
    facts = facts_of({**pod(spec), **body})
    return [hit.severity for hit in examine(facts.workloads[0], facts)]


@pytest.mark.parametrize(
    "path",
    [
        "/", "//", "/etc", "/etc/", "/etc/kubernetes", "/etc/kubernetes/admin.conf", "/etc/kubernetes/pki/ca.key",
        "/etc/../etc/shadow", "/var/lib/kubelet", "/var/lib/kubelet/pods/", "/var/lib/etcd/member", "/root/.ssh",
        "/var/run/docker.sock", "/run/containerd/containerd.sock", "/run/k3s/containerd/containerd.sock", "/var/run",
        "/home", "/home/ops", "/home/ops/.kube/config", "/etc/rancher/k3s/k3s.yaml", "/run/crio/crio.sock",
    ],
)  # fmt: skip
def test_places_of_credentials(path: str) -> None:
    """A container that may be root and mounts such a place is a high finding."""
    assert severities(path) == [Severity.HIGH]


@pytest.mark.parametrize(
    "path",
    [
        "/var/log", "/sys", "/dev", "/lib/modules", "/etc/localtime", "/etc/machine-id", "/etc/ssl/certs", "/etc/hosts",
        "/etc/os-release", "/opt/cni/bin", "/etc/cni/net.d", "/var/lib/docker/containers", "/var/lib/kubelet/plugins",
        "/var/lib/kubelet/device-plugins", "/var/lib/kubelet/plugins_registry", "/run/xtables.lock", "/run/udev", "/mnt",
        "/etc/kubernetes/audit-policy.yaml", "/etc/kubernetes/pki/ca.crt", "/etcetera", "/rooted", "/home/ops/data",
        "/proc/sys/net", "relative", "C:\\\\var\\\\run", "", None, 7, ["/"],
    ],
)  # fmt: skip
def test_other_places(path: object) -> None:
    """Places without credentials, and values that are no path of a node, are no finding."""
    assert severities(path) == []


def test_without_root() -> None:
    """Most of these files are root's: for another user it is a medium finding."""
    assert severities("/etc/kubernetes", context={"runAsNonRoot": True}) == [Severity.MEDIUM]


def test_csi_driver() -> None:
    """A CSI driver needs the kubelet's folder: a medium finding."""
    mount = {"name": "v", "mountPath": "/var/lib/kubelet"}
    spec = {
        "containers": [
            {"name": "driver", "image": "driver", "volumeMounts": [mount]},
            {"name": "node-driver-registrar", "image": "registrar"},
        ],
        "volumes": [{"name": "v", "hostPath": {"path": "/var/lib/kubelet"}}],
    }
    body = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "csi"},
        "spec": {"template": {"spec": spec}},
    }
    facts = facts_of(body)
    assert [hit.severity for hit in examine(facts.workloads[0], facts)] == [Severity.MEDIUM]
