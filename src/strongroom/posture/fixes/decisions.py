"""Which findings that are left come down to one question, so that a person reads a short list of decisions."""

from __future__ import annotations

from collections.abc import Iterable

from strongroom.model.facts import Facts
from strongroom.model.finding import Finding
from strongroom.model.rbac import Subject
from strongroom.model.resource import Resource, as_dict, as_text
from strongroom.posture.fixes.baseline import offence
from strongroom.posture.grants import grant_of

_PROGRAMS = "whether these programs learn to read their secrets from files, or keep them in the environment"
_ACCOUNT = "kubernetes.io/service-account.name"
_ON_NODES = frozenset({"host-access-with-secrets", "host-path-to-credentials"})
_NAMESPACE = "namespace-without-pod-security"


def decision(finding: Finding, facts: Facts) -> str:
    """Return the question that a finding comes down to: the same text for all that one answer settles."""
    if finding.id == "secret-in-env":
        return _PROGRAMS
    resource = _object(finding, facts)
    if resource is None:
        return f"what becomes of {finding.resource.show() if finding.resource else finding.origin.path}"
    subjects = _holders(resource, facts)
    if subjects:
        return f"what {', '.join(subjects)} needs"
    if finding.id in _ON_NODES:
        return f"what {resource.id.show()} may do on its nodes"
    if finding.id == _NAMESPACE:
        offender = next((w for w in facts.workloads if w.namespace == resource.name and offence(w)), None)
        if offender is not None:
            return f"what {offender.resource.id.show()} may do on its nodes"
    return f"what becomes of {resource.id.show()}"


def _object(finding: Finding, facts: Facts) -> Resource | None:
    return next((one for one in facts.resources if one.id == finding.resource), None) if finding.resource else None


def _holders(resource: Resource, facts: Facts) -> list[str]:
    """Return whose rights an object is about: of a role or a binding, or of a token."""
    found: Iterable[Subject] = ()
    if resource.kind == "Secret":
        name = as_text(as_dict(resource.get("metadata", "annotations")).get(_ACCOUNT))
        found = [Subject("ServiceAccount", resource.namespace, name)] if name else []
    for role in facts.roles:
        if role.resource is resource:
            found = grant_of(role, facts).holders
    for binding in facts.bindings:
        if binding.resource is resource:
            found = [subject for _, subject in binding.subjects]
    return sorted({subject.show() for subject in found})
