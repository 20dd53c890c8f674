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

from strongroom.model.controlplane import Server
from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.posture.check import Check, Hit
from strongroom.posture.servers import hit_at, is_api_server

_FLAG = "encryption-provider-config"


def examine(server: Server, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for an API server that is started without encryption at rest."""
    if is_api_server(server) and not server.value(_FLAG):
        program = server.program.value
        among = f" {_FLAG} among its extraArgs" if server.extra_args else f" --{_FLAG}"
        yield hit_at(server, f"starts {program} without{among}", _FLAG)


CHECK = Check(
    id="at-rest-not-configured",
    title="API server stores Secrets unencrypted",
    practice=Practice.AT_REST,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-1.2.27", "NSA-encryption", "NSA-secrets", "OWASP-K03", "PCI-8.3.2"),
    over=Server,
    examine=examine,
)
