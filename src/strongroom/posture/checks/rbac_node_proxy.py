"""A role reaches the kubelets through nodes/proxy.

## What it finds

Rules of ClusterRoles that allow any verb on `nodes/proxy`, `get` as well as `create`.

## Not a finding

`nodes/metrics`, `nodes/stats`, `nodes/log` and `nodes/healthz`, the narrow way to metrics. A Role, or a ClusterRole
that only RoleBindings name: nodes have no namespace, so these grant nothing. Rules with `*` among their resources
(`rbac-wildcard`).

## Why it is bad

The proxy leads to the kubelet's whole API, which runs commands in every pod of the node. The kubelet maps the
request's method to a verb, and a WebSocket starts with a GET: `get` alone is enough to execute. Nothing of it passes
admission, and the audit log of the API server shows only that the proxy was used.

## Instead

Monitoring needs `get` on `nodes/metrics` (and `nodes/stats`). With fine-grained kubelet authorisation even agents
that ask for pods or health need no proxy.

## References

- [CIS Kubernetes Benchmark 5.1.10](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes: RBAC good practices](https://kubernetes.io/docs/concepts/security/rbac-good-practices/)
- [Kubernetes: kubelet authorisation](https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.rbac import Role
from strongroom.posture.check import Check, Hit
from strongroom.posture.grants import judged, own_rules, reaches_the_cluster, words

_PROXY = "nodes/proxy"
# The kubelet knows the verbs of the HTTP methods only (pkg/kubelet/server/auth.go).
_VERBS = ("get", "create", "update", "patch", "delete")


def examine(role: Role, facts: Facts) -> Iterator[Hit]:
    """Yield one hit for each rule that opens the proxy of nodes."""
    for rule in own_rules(role):
        verbs = [verb for verb in _VERBS if rule.has_verb(verb)]
        if verbs and rule.has_resource("", _PROXY) and reaches_the_cluster(role, facts):
            nodes = "nodes by name" if rule.names else "every node"
            says = f"may {words(verbs)} {_PROXY} of {nodes}, which runs commands in their pods"
            yield judged(role, rule, _PROXY, facts, says, wide=Severity.HIGH, narrow=Severity.HIGH, namespaced=False)


CHECK = Check(
    id="rbac-node-proxy",
    title="Role reaches the kubelets through nodes/proxy",
    practice=Practice.ACCESS,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-5.1.10", "NSA-rbac", "OWASP-K02", "PCI-7.2.5"),
    over=Role,
    examine=examine,
)
