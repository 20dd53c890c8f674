"""A namespace with secrets enforces no Pod Security level.

## What it finds

Namespace objects without the label `pod-security.kubernetes.io/enforce`, or with the level `privileged`, whose
namespace holds Secrets or workloads that use them.

## Not a finding

Namespaces without secrets and those of the system. Sources that hold another admission policy engine's rules
(Kyverno, Gatekeeper, a ValidatingAdmissionPolicy): these can say the same.

## Why it is bad

Without a level, whoever may create a pod here may create a privileged one, mount the node's file system and read the
Secrets of every pod of that node, those of other namespaces too.

## Instead

`pod-security.kubernetes.io/enforce: restricted`, or `baseline` where a workload needs more.

## References

- [CIS Kubernetes Benchmark 5.2.1](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes: Pod Security admission](https://kubernetes.io/docs/concepts/security/pod-security-admission/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.posture.check import Check, Hit, hit
from strongroom.posture.rooms import namespaces_with_secrets

_LABEL = "pod-security.kubernetes.io/enforce"
_ENGINES = frozenset({"kyverno.io", "policies.kyverno.io", "templates.gatekeeper.sh", "constraints.gatekeeper.sh"})


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield a hit for each namespace that holds secrets and enforces no level, or the one that allows everything."""
    if _other_engine(facts):
        return
    for resource in namespaces_with_secrets(facts):
        level = resource.labels.get(_LABEL, "")
        if level in ("", "privileged"):
            what = "enforces only the level privileged" if level else "enforces no Pod Security level"
            field = ("metadata", "labels", _LABEL) if level else ("metadata", "name")
            yield hit(resource, field, f"namespace {resource.name} holds secrets and {what}")


def _other_engine(facts: Facts) -> bool:
    if next(facts.of_kind("ValidatingAdmissionPolicy"), None) is not None:
        return True
    return any(resource.group in _ENGINES for resource in facts.resources)


CHECK = Check(
    id="namespace-without-pod-security",
    title="Namespace with secrets enforces no Pod Security level",
    practice=Practice.ISOLATION,
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    standards=("CIS-5.2.1", "NSA-pod-security", "OWASP-K04"),
    over=Facts,
    examine=examine,
)
