"""A container mounts a folder or socket of the node that holds or gives credentials.

## What it finds

Containers with a `hostPath` volume on a place where a node keeps credentials, on a folder above one, or on the
socket of the container runtime: `/`, `/etc`, `/etc/kubernetes`, `/var/lib/kubelet`, `/var/lib/etcd`, `/root`,
`/home`, `/proc`, `/run`, `docker.sock`, `containerd.sock` and others. High where the container may run as root;
medium where its security context says that it does not, since most of these files are root's; medium for a CSI
driver's own mounts.

## Not a finding

Folders of the node without credentials: `/var/log`, `/sys`, `/lib/modules`, `/dev`, `/etc/ssl/certs`,
`/etc/localtime`, `/etc/machine-id`, `/var/lib/docker/containers`, `/var/lib/kubelet/plugins`, `/opt/cni`. The
control plane's own static pods. Volumes that no container mounts.

## Why it is bad

`/var/lib/kubelet` holds the secrets and tokens of every pod on the node, `/etc/kubernetes` the keys of the kubelet
or of the control plane, `/var/lib/etcd` the whole cluster. Who reaches the runtime's socket starts any container.
One compromised pod is then every secret of the node, and read-only mounts are no help against reading.

## Instead

Mount what the program needs and no more, by its full path. Build images without the runtime's socket (BuildKit
rootless, Kaniko). Read metrics and logs from the kubelet's API or from `/var/log`. Enforce the Pod Security
Standard `baseline`, which forbids hostPath, on every namespace but those of node agents.

## References

- [Kubernetes: hostPath volumes](https://kubernetes.io/docs/concepts/storage/volumes/#hostpath)
- [Kubernetes: Pod Security Standards](https://kubernetes.io/docs/concepts/security/pod-security-standards/)
- [CIS Kubernetes Benchmark 5.2.11](https://www.cisecurity.org/benchmark/kubernetes)
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.resource import as_dict, as_text
from strongroom.model.workload import Container, Workload
from strongroom.posture.check import Check, Hit, hit
from strongroom.posture.pods import is_control_plane, named, runs_as_root

_SOCKET = re.compile(r"(.*/)?(docker|dockershim|containerd|crio|cri-dockerd|podman)\.sock")
_WHOLE_NODE = "every file of the node"

# The folder itself: what it gives. Below some of them everything does (_ALSO_BELOW).
_GIVES = {
    "/": _WHOLE_NODE,
    "/etc": "the node's configuration, keys and password hashes",
    "/etc/kubernetes": "the keys of the kubelet or of the control plane",
    "/etc/srv/kubernetes": "the keys of the control plane",
    "/srv/kubernetes": "the keys of the control plane",
    "/etc/rancher": "the administrator's kubeconfig",
    "/etc/ssh": "the node's SSH keys",
    "/etc/shadow": "the node's password hashes",
    "/var": "the secrets of every pod on the node",
    "/var/lib": "the secrets of every pod on the node",
    "/var/lib/kubelet": "the secrets of every pod on the node and the kubelet's own keys",
    "/var/lib/kubelet/pods": "the secrets of every pod on the node",
    "/var/lib/kubelet/pki": "the kubelet's own keys",
    "/var/lib/kubelet/kubeconfig": "the kubelet's own credentials",
    "/var/lib/kubelet/config.json": "the node's registry credentials",
    "/var/lib/etcd": "every Secret of the cluster, as etcd stores it",
    "/var/lib/rancher": "the server's token and keys",
    "/var/lib/docker": "the files of every container on the node",
    "/var/lib/containerd": "the files of every container on the node",
    "/run": "the socket of the container runtime",
    "/var/run": "the socket of the container runtime",
    "/run/containerd": "the socket of the container runtime",
    "/var/run/containerd": "the socket of the container runtime",
    "/run/crio": "the socket of the container runtime",
    "/var/run/crio": "the socket of the container runtime",
    "/root": "the home of root: SSH keys, kubeconfig, cloud credentials",
    "/home": "the homes of the node's users: SSH keys, kubeconfig, cloud credentials",
    "/proc": "the environment of every process on the node",
}
_ALSO_BELOW = ("/etc/kubernetes", "/etc/srv/kubernetes", "/etc/rancher", "/etc/ssh", "/var/lib/kubelet/pki",
               "/var/lib/kubelet/pods", "/var/lib/etcd", "/root", "/proc")  # fmt: skip
_BELOW_HOME = re.compile(r"/home/[^/]+(/\.(ssh|kube|aws|docker|gnupg|azure|config)(/.*)?)?")
_PUBLIC_BELOW = re.compile(
    r"/etc/kubernetes/(pki/)?(ca\.crt|[a-z-]*audit[a-z-]*(/.*)?|.*\.ya?ml)|/proc/(sys|cpuinfo|meminfo).*"
)
_OF_CSI_DRIVERS = ("/var/lib/kubelet", "/var/lib/kubelet/pods", "/proc")


def examine(workload: Workload, facts: Facts) -> Iterator[Hit]:
    """Yield one hit for each volume that leads to credentials."""
    if is_control_plane(workload):
        return
    for field, volume in workload.volumes:
        written = as_text(as_dict(volume.get("hostPath")).get("path"))
        given = _given_by(written)
        users = _users(workload, as_text(volume.get("name"))) if given else []
        if users:
            names = named([container.name for container in users])
            yield hit(
                workload.resource,
                (*field, "hostPath", "path"),
                f"container {names} mounts {written} of the node: {given}",
                severity=_severity(workload, users, written),
            )


def _given_by(written: str) -> str:
    """Return what a path of a node gives; empty where it is none of ours."""
    if not written.startswith("/"):
        return ""
    path = "/" + posixpath.normpath(written).lstrip("/")
    if _SOCKET.fullmatch(path):
        return "the socket of the container runtime, which starts any container"
    if path in _GIVES:
        return _GIVES[path]
    if _PUBLIC_BELOW.fullmatch(path):
        return ""
    above = next((folder for folder in _ALSO_BELOW if path.startswith(folder + "/")), "")
    return _GIVES["/home"] if _BELOW_HOME.fullmatch(path) else _GIVES.get(above, "")


def _users(workload: Workload, volume: str) -> list[Container]:
    return [c for c in workload.containers if any(mount.get("name") == volume for _, mount in c.mounts)]


def _severity(workload: Workload, users: list[Container], written: str) -> Severity:
    if not any(runs_as_root(workload, container) for container in users):
        return Severity.MEDIUM
    if written.rstrip("/") in _OF_CSI_DRIVERS and _is_csi_driver(workload):
        return Severity.MEDIUM
    # Without the host's processes in view, /proc shows them only to who may trace them.
    return Severity.MEDIUM if written.startswith("/proc") else Severity.HIGH


def _is_csi_driver(workload: Workload) -> bool:
    return workload.resource.kind == "DaemonSet" and any(
        "registrar" in c.name or "registrar" in c.image for c in workload.containers
    )


CHECK = Check(
    id="host-path-to-credentials",
    title="Container mounts a place of the node that holds credentials",
    practice=Practice.EXPOSURE,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-5.2.11", "OWASP-K01", "NSA-pod-security"),
    over=Workload,
    examine=examine,
)
