"""A role approves client certificates.

## What it finds

ClusterRoles that allow `update` or `patch` on `certificatesigningrequests/approval` together with `approve` on the
signer `kubernetes.io/kube-apiserver-client` (or on all signers): both are needed to have a client certificate issued.
Reported at the rule on the approval.

## Not a finding

Approval for other signers, named in `resourceNames`: a controller of its own certificate authority. Serving
certificates of kubelets (`kubernetes.io/kubelet-serving`). Creating requests, which everybody may. Rules with `*`
among their resources (`rbac-wildcard`).

## Why it is bad

Whoever creates a request and approves it himself has a client certificate for any name and group that the signer
accepts: another user, an administrator. The certificate outlives every change of roles and cannot be revoked.

## Instead

Leave approval to the cluster's own controllers, or name the signers that the controller serves in `resourceNames`.

## References

- [CIS Kubernetes Benchmark 5.1.11](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes: RBAC good practices, CSRs and certificate issuing](https://kubernetes.io/docs/concepts/security/rbac-good-practices/)
- [Kubernetes: signers](https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#signers)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.rbac import Role, Rule
from strongroom.posture.check import Check, Hit
from strongroom.posture.grants import judged, own_rules, reaches_the_cluster

_GROUP = "certificates.k8s.io"
_APPROVAL = "certificatesigningrequests/approval"
# plugin/pkg/admission/certificates authorises the verb for the signer's name or for DOMAIN/*.
_CLIENT_SIGNERS = frozenset({"kubernetes.io/kube-apiserver-client", "kubernetes.io/*"})


def examine(role: Role, facts: Facts) -> Iterator[Hit]:
    """Yield one hit for each rule on the approval, where the role may approve for the signer of client certificates."""
    if not any(_client_signer(rule) for rule in role.rules) or not reaches_the_cluster(role, facts):
        return
    for rule in own_rules(role):
        if rule.has_resource(_GROUP, _APPROVAL) and rule.has_verb("update", "patch"):
            says = "may approve client certificates for any user"
            yield judged(role, rule, _APPROVAL, facts, says, wide=Severity.HIGH, narrow=Severity.HIGH, namespaced=False)


def _client_signer(rule: Rule) -> bool:
    """Tell whether a rule approves for the signer of client certificates."""
    if not rule.has_resource(_GROUP, "signers") or not rule.has_verb("approve"):
        return False
    return not rule.names or bool(_CLIENT_SIGNERS.intersection(rule.names))


CHECK = Check(
    id="rbac-approves-certificates",
    title="Role approves client certificates",
    practice=Practice.ACCESS,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-5.1.11", "NSA-rbac", "OWASP-K02", "PCI-7.2.5"),
    over=Role,
    examine=examine,
)
