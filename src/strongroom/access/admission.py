"""What admission lets into a namespace, as far as the sources show it.

Pod Security admission, part of every API server since 1.25:
https://kubernetes.io/docs/concepts/security/pod-security-standards/ (levels) and
https://kubernetes.io/docs/concepts/security/pod-security-admission/ (labels).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import NamedTuple

from strongroom.inventory.rbac_aggregation import selector_test
from strongroom.model.access import Evidence
from strongroom.model.facts import Facts
from strongroom.model.resource import Resource, as_dict, as_list, as_text

ENFORCE = "pod-security.kubernetes.io/enforce"
"""The label of a namespace that says which level of Pod Security is enforced in it."""

REFUSED = "if admission fails"
UNKNOWN = "unless a policy engine refuses it"


class Demand(enum.Enum):
    """What a pod may ask for that admission may refuse; the value says what it is."""

    ROOT = "a container that runs as root"  # refused by the level restricted
    PRIVILEGED = "a privileged container"
    HOST_PATH = "a hostPath volume"
    HOST_NAMESPACES = "host namespaces"


class Verdict(NamedTuple):
    """What admission says: without a condition, that the pod is let in.

    Attributes:
        condition: as `Step.condition`.
        evidence: what says so.
    """

    condition: str = ""
    evidence: tuple[Evidence, ...] = ()


_REFUSED_BY = {
    Demand.ROOT: frozenset({"restricted"}),
    Demand.PRIVILEGED: frozenset({"baseline", "restricted"}),
    Demand.HOST_PATH: frozenset({"baseline", "restricted"}),
    Demand.HOST_NAMESPACES: frozenset({"baseline", "restricted"}),
}
"""Demand to the levels that refuse it (Pod Security Standards)."""

_ENGINES = frozenset({"kyverno.io", "policies.kyverno.io", "constraints.gatekeeper.sh", "policies.kubewarden.io"})
"""API groups of policies that engines enforce at admission."""

_WRITES = frozenset({"*", "CREATE"})

_NAME_LABEL = "kubernetes.io/metadata.name"
"""The label that the API server gives every namespace."""


class Admission:
    """Answers what is let in; every namespace and demand is judged once.

    Args:
        facts: everything that the sources hold.
        namespaces: the Namespace objects by name.
    """

    def __init__(self, facts: Facts, namespaces: Mapping[str, Resource]) -> None:
        self._namespaces = namespaces
        self._policies = [resource for resource in facts.resources if _judges_pods(resource)]
        self._unread = facts.lacks("", "validatingadmissionpolicybindings.admissionregistration.k8s.io")
        self._bindings: dict[str, list[Resource]] = {}
        for binding in facts.of_kind("ValidatingAdmissionPolicyBinding"):
            self._bindings.setdefault(as_text(binding.get("spec", "policyName")), []).append(binding)
        self._known: dict[tuple[str, Demand], Verdict] = {}

    def admits(self, namespace: str, demand: Demand) -> Verdict:
        """Tell whether a pod that demands something is let into a namespace."""
        key = namespace, demand
        if key not in self._known:
            self._known[key] = self._judge(namespace, demand)
        return self._known[key]

    def _judge(self, namespace: str, demand: Demand) -> Verdict:
        space = self._namespaces.get(namespace)
        if space is not None and space.labels.get(ENFORCE) in _REFUSED_BY[demand]:
            origin = space.origin.at(("metadata", "labels", ENFORCE))
            return Verdict(REFUSED, (Evidence("namespace", space.id, origin, f"does not admit {demand.value}"),))
        for policy in self._policies:
            if policy.namespace in ("", namespace) and self._enforced(policy, namespace):
                return Verdict(UNKNOWN, (Evidence("policy", policy.id, policy.origin, "is not evaluated"),))
        return Verdict()

    def _enforced(self, policy: Resource, namespace: str) -> bool:
        """Tell whether a policy is enforced in a namespace; one of Kubernetes itself is where a binding says so.

        https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
        """
        if policy.kind != "ValidatingAdmissionPolicy":
            return True
        bindings = self._bindings.get(policy.name, [])
        if not bindings and self._unread:
            return True
        space = self._namespaces.get(namespace)
        labels = {_NAME_LABEL: namespace, **(space.labels if space is not None else {})}
        return any(
            "Deny" in as_list(binding.get("spec", "validationActions"))
            and selector_test(as_dict(binding.get("spec", "matchResources", "namespaceSelector")))(labels)
            for binding in bindings
        )


def _judges_pods(resource: Resource) -> bool:
    """Tell whether an object is a policy that may refuse pods when they are created."""
    group = resource.group
    if group in _ENGINES:
        return resource.kind not in ("ClusterCleanupPolicy", "CleanupPolicy", "PolicyException", "PolicyServer")
    if group != "admissionregistration.k8s.io" or resource.kind != "ValidatingAdmissionPolicy":
        return False
    rules = as_list(resource.get("spec", "matchConstraints", "resourceRules"))
    return any(_covers_pods(as_dict(rule)) for rule in rules)


def _covers_pods(rule: dict[str, object]) -> bool:
    resources = {as_text(one) for one in as_list(rule.get("resources"))}
    operations = {as_text(one) for one in as_list(rule.get("operations"))}
    groups = {as_text(one) for one in as_list(rule.get("apiGroups"))}
    return bool(resources & {"pods", "*", "*/*"}) and bool(operations & _WRITES) and bool(groups & {"", "*"})
