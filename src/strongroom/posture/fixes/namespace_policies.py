"""Namespaces with secrets get a network policy and a Pod Security level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from strongroom.model.finding import Finding
from strongroom.model.resource import Resource, as_dict, as_list
from strongroom.posture.fixes.baseline import offence
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.callers import is_challenged, is_scraped, services_called
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.shapes import put_behind

_LABEL = "pod-security.kubernetes.io/enforce"
_SOLVER = {"acme.cert-manager.io/http01-solver": "true"}
_SOLVER_PORT = 8089
"""https://cert-manager.io/docs/configuration/acme/http01/: its pods come and go with each challenge."""

_UNSAFE_TRAFFIC = "what connects to its pods from other namespaces, and no manifest says so, would be shut out"
_UNSAFE_METRICS = "what asks its pods for metrics from another namespace would be shut out"
_UNSAFE_PODS = "a pod that these sources do not show would be refused if it needs more"


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Add one of both."""
    if findings[0].id == "namespace-without-network-policy":
        return _fenced(resource, bench)
    pods = [workload for workload in bench.facts.workloads if workload.namespace == resource.name]
    for workload in pods:
        wrong = offence(workload)
        if wrong:
            return Left(f"{workload.resource.id.show()} {wrong}, which the level baseline forbids: move or change it")
    metadata = bench.body(resource)["metadata"]
    labels = metadata.get("labels")
    put_behind(metadata, ("name", "labels"), "labels", {**(labels or {}), _LABEL: "baseline"})
    title = f"enforce Pod Security level baseline in namespace {resource.name}"
    return Mended(title, "" if pods else _UNSAFE_PODS, unseen=True)


def _fenced(resource: Resource, bench: Bench) -> Outcome:
    """Let in what comes from the namespace itself, and whom manifests say that the pods of a Service serve."""
    called = [*services_called(resource.name, bench.facts)]
    bench.add(resource, _policy(resource.name, "from-own-namespace", {}, {"from": [{"podSelector": {}}]}))
    for service in called:
        selector = as_dict(service.get("spec", "selector"))
        if not selector:
            continue  # its endpoints are no pods that a policy could choose
        rule = {"ports": [*_ports(service)]}
        bench.add(resource, _policy(resource.name, f"to-{service.name}", {"matchLabels": selector}, rule))
    if is_challenged(resource.name, bench.facts):
        rule = {"ports": [{"port": _SOLVER_PORT}]}
        bench.add(resource, _policy(resource.name, "to-acme-solver", {"matchLabels": _SOLVER}, rule))
    also = f", and all to those of {', '.join(one.name for one in called)}" if called else ""
    scraped = is_scraped(resource.name, bench.facts)
    return Mended(
        f"let only pods of namespace {resource.name} connect to its pods{also}",
        _UNSAFE_METRICS if scraped else _UNSAFE_TRAFFIC,
        unseen=not scraped,
    )


def _ports(service: Resource) -> Iterator[dict[str, Any]]:
    for port in map(as_dict, as_list(service.get("spec", "ports"))):
        protocol = {"protocol": port["protocol"]} if "protocol" in port else {}
        yield {"port": port.get("targetPort", port.get("port")), **protocol}


def _policy(namespace: str, name: str, selector: dict[str, Any], rule: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"podSelector": selector, "policyTypes": ["Ingress"], "ingress": [rule]},
    }


FIX = Fix(checks=("namespace-without-network-policy", "namespace-without-pod-security"), mend=mend)
