"""A namespace with secrets has no network policy.

## What it finds

Namespaces whose object is in the sources, that hold Secrets or workloads which use them, and for which the sources
have no policy: NetworkPolicy, the kinds of Cilium, Calico and Antrea, and the cluster-wide ones.

## Not a finding

Namespaces whose object is not in the sources: their policies may be elsewhere too. Namespaces without secrets and
those of the system. A policy that names no namespace counts for every namespace, because it may be applied to it.

## Why it is bad

Without a policy every pod of the cluster may connect to every pod of the namespace, and every pod of the namespace to
anywhere: a database that trusts its network, an agent that hands out credentials, the metadata service of the cloud.
A stolen secret leaves unhindered.

## Instead

A policy that denies everything by default in both directions, and one for each connection that is needed.

## References

- [CIS Kubernetes Benchmark 5.3.2](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes: network policies, default policies](https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-policies)
- [NSA/CISA Kubernetes Hardening Guide](https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.posture.check import Check, Hit, hit
from strongroom.posture.rooms import namespaces_with_secrets

_NAMESPACED = ("NetworkPolicy", "CiliumNetworkPolicy", "StagedNetworkPolicy")
_CLUSTER_WIDE = (
    "CiliumClusterwideNetworkPolicy",
    "GlobalNetworkPolicy",
    "AdminNetworkPolicy",
    "BaselineAdminNetworkPolicy",
    "ClusterNetworkPolicy",
)


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield a hit for each namespace that holds secrets and has no network policy."""
    protected = {policy.namespace for policy in facts.of_kind(*_NAMESPACED)}
    if "" in protected or next(facts.of_kind(*_CLUSTER_WIDE), None) is not None:
        return
    for resource in namespaces_with_secrets(facts):
        if resource.name not in protected and not facts.lacks(resource.name, "networkpolicies.networking.k8s.io"):
            yield hit(
                resource,
                ("metadata", "name"),
                f"namespace {resource.name} holds secrets, and no network policy says who may connect to its pods",
            )


CHECK = Check(
    id="namespace-without-network-policy",
    title="Namespace with secrets has no network policy",
    practice=Practice.ISOLATION,
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    standards=("CIS-5.3.2", "NSA-network-policies", "OWASP-K05"),
    over=Facts,
    examine=examine,
)
