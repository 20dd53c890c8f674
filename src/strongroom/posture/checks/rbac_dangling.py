"""A binding names a role or a service account that nothing defines.

## What it finds

Bindings whose `roleRef` names a Role or ClusterRole that is not in the sources, and bindings to a ServiceAccount that
is not there. Only where the sources look complete for it: other roles of that kind, or other service accounts of that
namespace, are in them.

## Not a finding

The roles that every cluster has (`cluster-admin`, `admin`, `edit`, `view`, `system:…`, those of `kube-system`), the
service account `default` and those of `kube-system`, and users and groups, which are no objects of the cluster.
Sources that hold no role or service account at all beside the binding: they are only a part of an application.

## Why it is bad

A binding waits for its names: whoever may create a service account or a role with this name later holds, or decides,
what the binding gives. More often it is a typing mistake or a left-over, and the program does not have the right that
its author believes it has.

## Instead

Correct the name, or delete the binding together with what it was for.

## References

- [Kubernetes: RBAC good practices, periodic review](https://kubernetes.io/docs/concepts/security/rbac-good-practices/)
- [Kubernetes: RoleBinding and ClusterRoleBinding](https://kubernetes.io/docs/reference/access-authn-authz/rbac/#rolebinding-and-clusterrolebinding)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.rbac import Binding, Subject
from strongroom.posture.check import Check, Hit, hit
from strongroom.posture.grants import BUILT_IN_NAMES, SYSTEM_NAMESPACES, built_in


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield a hit for each role, and for each service account, that a binding names and the sources do not hold."""
    # Where roles and service accounts are defined; an empty name where a manifest names no namespace.
    roles = {role.resource.namespace for role in facts.roles if not role.cluster}
    cluster_roles = any(role.cluster for role in facts.roles)
    accounts = {account.namespace for account in facts.of_kind("ServiceAccount")}
    for binding in facts.bindings:
        if built_in(binding.resource):
            continue
        here = binding.resource.namespace
        if binding.role_kind == "ClusterRole":
            expected = cluster_roles
        else:
            # The API server itself makes roles there, such as extension-apiserver-authentication-reader.
            expected = here not in SYSTEM_NAMESPACES and bool(roles if not here else roles & {here, ""})
        if binding.role is None and expected and not _in_every_cluster(binding):
            yield _role_missing(binding)
        for field, subject in binding.subjects:
            if subject.namespace in accounts and _missing(subject, facts):
                yield hit(
                    binding.resource,
                    (*field, "name"),
                    f"{binding.resource.id.show()} speaks of {subject.show()}, which nothing in the sources defines",
                )


def _role_missing(binding: Binding) -> Hit:
    return hit(
        binding.resource,
        ("roleRef", "name"),
        f"{binding.resource.id.show()} gives {binding.role_kind} {binding.role_name}, which nothing in the sources"
        " defines",
    )


def _in_every_cluster(binding: Binding) -> bool:
    return binding.role_name in BUILT_IN_NAMES or binding.role_name.startswith(("system:", "kubeadm:"))


def _missing(subject: Subject, facts: Facts) -> bool:
    if subject.kind != "ServiceAccount" or subject.name == "default" or subject.namespace in ("", *SYSTEM_NAMESPACES):
        return False
    return facts.find("ServiceAccount", subject.namespace, subject.name) is None


CHECK = Check(
    id="rbac-dangling",
    title="Binding names a role or service account that nothing defines",
    practice=Practice.ACCESS,
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    standards=("NSA-rbac", "OWASP-K02"),
    over=Facts,
    examine=examine,
)
