"""Namespaces with secrets get a network policy and a Pod Security level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from strongroom.model.finding import Finding
from strongroom.model.resource import Resource
from strongroom.posture.fixes.baseline import offence
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.shapes import put_behind

_LABEL = "pod-security.kubernetes.io/enforce"
_UNSAFE_TRAFFIC = "what connects to its pods from other namespaces, as an ingress controller does, would be shut out"
_UNSAFE_PODS = "a pod that these sources do not show would be refused if it needs more"


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Add one of both."""
    if findings[0].id == "namespace-without-network-policy":
        bench.add(resource, _policy(resource.name))
        return Mended(f"let only pods of namespace {resource.name} connect to its pods", _UNSAFE_TRAFFIC)
    pods = [workload for workload in bench.facts.workloads if workload.namespace == resource.name]
    for workload in pods:
        wrong = offence(workload)
        if wrong:
            return Left(f"{workload.resource.id.show()} {wrong}, which the level baseline forbids: move or change it")
    metadata = bench.body(resource)["metadata"]
    labels = metadata.get("labels")
    put_behind(metadata, ("name", "labels"), "labels", {**(labels or {}), _LABEL: "baseline"})
    return Mended(f"enforce Pod Security level baseline in namespace {resource.name}", "" if pods else _UNSAFE_PODS)


def _policy(namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "from-own-namespace", "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {}}]}]},
    }


FIX = Fix(checks=("namespace-without-network-policy", "namespace-without-pod-security"), mend=mend)
