"""The API server stores Secrets unencrypted.

## What it finds

Manifests that start a kube-apiserver without `--encryption-provider-config`: its static pod or any other workload, a
kubeadm `ClusterConfiguration` (`extraArgs` as a mapping or, from v1beta4 on, as a list), and the same inside Cluster
API's `KubeadmControlPlane`.

## Not a finding

Clusters whose API server is not in the sources: managed ones encrypt by a setting of the provider. What the
configuration file says is a question of its own; here only whether there is one.

## Why it is bad

Without it etcd holds every Secret as readable bytes, base64 being no encryption: in its data directory, in every
snapshot and backup, on every disk that is replaced.

## Instead

An `EncryptionConfiguration` with a KMS v2 provider, or `secretbox` with a key that is kept apart, for `secrets` and
whatever else holds credentials; then write all Secrets once again.

## References

- [Kubernetes: encrypting confidential data at rest](https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/)
- [CIS Kubernetes Benchmark 1.2.27](https://www.cisecurity.org/benchmark/kubernetes)
- [kubeadm configuration v1beta4](https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.origin import FieldPath
from strongroom.model.resource import Resource, as_dict, as_list, as_text
from strongroom.model.workload import Container, workloads_of
from strongroom.posture.check import Check, Hit, hit

_FLAG = "encryption-provider-config"
_PROGRAM = "kube-apiserver"
# kind -> the ways to a kubeadm ClusterConfiguration inside it
_CONFIGURATIONS: dict[tuple[str, str], FieldPath] = {
    ("kubeadm.k8s.io", "ClusterConfiguration"): (),
    ("controlplane.cluster.x-k8s.io", "KubeadmControlPlane"): ("spec", "kubeadmConfigSpec", "clusterConfiguration"),
    ("controlplane.cluster.x-k8s.io", "KubeadmControlPlaneTemplate"): (
        "spec",
        "template",
        "spec",
        "kubeadmConfigSpec",
        "clusterConfiguration",
    ),
}


def examine(resource: Resource, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for each API server that an object starts without encryption at rest."""
    path = _CONFIGURATIONS.get((resource.group, resource.kind))
    if path is not None:
        yield from _kubeadm(resource, path)
        return
    for workload in workloads_of(resource):
        for container in workload.containers:
            words = [word for _, word in container.words]
            if _starts_api_server(container, words) and not _has_flag(words):
                part = "command" if container.body.get("command") else "args"
                field = (*container.field, part) if container.body.get(part) else (*container.field, "image")
                yield hit(resource, field, f"container {container.name} starts {_PROGRAM} without --{_FLAG}")


def _starts_api_server(container: Container, words: list[str]) -> bool:
    if any(text.split(" ", 1)[0].rpartition("/")[2] == _PROGRAM for word in words for text in word.splitlines()):
        return True
    image = container.image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    return image == _PROGRAM and any(word.startswith("--etcd-servers") for word in words)


def _has_flag(words: list[str]) -> bool:
    """Tell whether the flag is given and not empty; a word may also be a script."""
    return any(f"--{_FLAG}" in word and not word.endswith(f"--{_FLAG}=") for word in words)


def _kubeadm(resource: Resource, path: FieldPath) -> Iterator[Hit]:
    configuration = resource.get(*path) if path else resource.body
    server = as_dict(as_dict(configuration).get("apiServer"))
    if not _given(server.get("extraArgs")):
        field: FieldPath = ("kind",)
        if server:
            field = (*path, "apiServer", "extraArgs") if server.get("extraArgs") else (*path, "apiServer")
        message = f"{resource.kind} {resource.name}".strip() + f" starts {_PROGRAM} without {_FLAG} among its extraArgs"
        yield hit(resource, field, message)


def _given(arguments: Any) -> bool:
    if isinstance(arguments, dict):
        return bool(as_text(arguments.get(_FLAG)))
    return any(as_dict(a).get("name") == _FLAG and as_text(as_dict(a).get("value")) for a in as_list(arguments))


CHECK = Check(
    id="at-rest-not-configured",
    title="API server stores Secrets unencrypted",
    practice=Practice.AT_REST,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-1.2.27", "NSA-encryption", "NSA-secrets", "OWASP-K03", "PCI-8.3.2"),
    over=Resource,
    examine=examine,
)
