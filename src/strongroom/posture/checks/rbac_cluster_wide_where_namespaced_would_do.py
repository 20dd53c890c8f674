"""A ClusterRoleBinding gives everywhere what is needed in one namespace.

## What it finds

ClusterRoleBindings to service accounts of one namespace, whose role in the sources has only rules on namespaced
resources, where the workloads that run as these accounts are in the sources and in that namespace too.

## Not a finding

Roles with any rule on something that has no namespace (nodes, CRDs, `nonResourceURLs`) or on a custom resource whose
scope the sources do not tell. Roles that look like a controller's, because controllers watch all namespaces: they
write status or finalizers, or hold leases. Known operators. Except where Secrets are read, the finding is given with
`--pedantic` only: whether a program needs other namespaces, only its authors know.

## Why it is bad

The role holds in every namespace, also in those of other teams and in those made later. A RoleBinding to the same
ClusterRole gives the same right in the program's own namespace and nowhere else.

## Instead

A RoleBinding in the namespace of the workload, with the same `roleRef` and subjects.

## References

- [Kubernetes: RBAC good practices, least privilege](https://kubernetes.io/docs/concepts/security/rbac-good-practices/)
- [NSA/CISA Kubernetes Hardening Guide](https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Audience, Confidence, Practice, Severity
from strongroom.model.rbac import Binding, Role, Rule, Subject
from strongroom.model.resource import as_text
from strongroom.posture.check import Check, Hit, hit
from strongroom.posture.grants import built_in, looks_like_controller, operator_of, reads_secrets

# The namespaced resources of the built-in API groups (kubectl api-resources --namespaced, v1.36).
_NAMESPACED: dict[str, frozenset[str]] = {
    "": frozenset(
        {
            "configmaps",
            "endpoints",
            "events",
            "limitranges",
            "persistentvolumeclaims",
            "pods",
            "podtemplates",
            "replicationcontrollers",
            "resourcequotas",
            "secrets",
            "serviceaccounts",
            "services",
        }
    ),
    "apps": frozenset({"controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"}),
    "autoscaling": frozenset({"horizontalpodautoscalers"}),
    "batch": frozenset({"cronjobs", "jobs"}),
    "coordination.k8s.io": frozenset({"leases"}),
    "discovery.k8s.io": frozenset({"endpointslices"}),
    "events.k8s.io": frozenset({"events"}),
    "networking.k8s.io": frozenset({"ingresses", "networkpolicies"}),
    "policy": frozenset({"poddisruptionbudgets"}),
    "rbac.authorization.k8s.io": frozenset({"rolebindings", "roles"}),
}


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield a hit for each cluster-wide binding that a RoleBinding in one namespace could replace."""
    running = {(workload.namespace, workload.service_account) for workload in facts.workloads}
    for binding in facts.bindings:
        role, accounts = binding.role, _accounts_of_one_namespace(binding)
        if role is None or not accounts or role.aggregates or built_in(binding.resource) or built_in(role.resource):
            continue
        if looks_like_controller(role) or operator_of(role.resource, *accounts) or not _all_namespaced(role, facts):
            continue
        if all((account.namespace, account.name) in running for account in accounts):
            yield _found(binding, role, accounts[0])


def _accounts_of_one_namespace(binding: Binding) -> list[Subject]:
    """Return the subjects of a cluster-wide binding where all are service accounts of one named namespace."""
    subjects = [subject for _, subject in binding.subjects]
    namespaces = {subject.namespace for subject in subjects}
    one = binding.cluster and len(namespaces) == 1 and "" not in namespaces
    return subjects if one and all(subject.kind == "ServiceAccount" for subject in subjects) else []


def _found(binding: Binding, role: Role, account: Subject) -> Hit:
    reads = any(reads_secrets(rule) for rule in role.rules)
    return hit(
        binding.resource,
        ("kind",),
        f"{binding.resource.id.show()} gives {role.resource.id.show()} in every namespace to {account.show()}, which"
        f" runs in {account.namespace} only" + ("; its rules read Secrets" if reads else ""),
        severity=Severity.MEDIUM if reads else Severity.LOW,
        audience=Audience.EVERYBODY if reads else Audience.PEDANTIC,
    )


def _all_namespaced(role: Role, facts: Facts) -> bool:
    return bool(role.rules) and all(_namespaced(rule, facts) for rule in role.rules)


def _namespaced(rule: Rule, facts: Facts) -> bool:
    if rule.urls or "*" in rule.groups:
        return False
    return all(
        any(resource.partition("/")[0] in _NAMESPACED.get(g, ()) or _custom(g, resource, facts) for g in rule.groups)
        for resource in rule.resources
    )


def _custom(group: str, resource: str, facts: Facts) -> bool:
    """Tell whether a CRD of the sources defines a resource as namespaced."""
    plural = resource.partition("/")[0]
    crd = facts.find("CustomResourceDefinition", "", f"{plural}.{group}")
    return crd is not None and as_text(crd.get("spec", "scope")) == "Namespaced"


CHECK = Check(
    id="rbac-cluster-wide-where-namespaced-would-do",
    title="ClusterRoleBinding gives everywhere what is needed in one namespace",
    practice=Practice.ACCESS,
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    standards=("NSA-rbac", "OWASP-K02", "PCI-7.2.5"),
    over=Facts,
    examine=examine,
    audience=Audience.PEDANTIC,
)
