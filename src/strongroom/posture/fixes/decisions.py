"""Which findings that are left come down to one question, so that a person reads a short list of decisions."""

from __future__ import annotations

from strongroom.model.facts import Facts
from strongroom.model.finding import Finding
from strongroom.model.resource import Resource
from strongroom.posture.fixes.baseline import offence
from strongroom.posture.fixes.deciders import ACCESS, DEVELOPERS, PLATFORM, decider

PROGRAMS = "whether these programs learn to be given their secrets as files, or stay as they are"
"""Whoever develops them knows what they read."""

RIGHTS = "which of these rights their holders need"
"""Manifests do not show what people do, nor what a program that holds a token asks for."""

UNSEEN = "whether anything that these sources do not show relies on what would change"
"""Answered by saying that the sources show everything."""

_WHO = {PROGRAMS: DEVELOPERS, RIGHTS: ACCESS, UNSEEN: PLATFORM}
_OF_PROGRAMS = frozenset({"secret-in-env", "secret-in-metadata", "secret-by-subpath"})
_OF_RIGHTS = frozenset(
    {"default-service-account", "legacy-token-secret", "secret-widely-reachable", "shared-service-account"}
)
_ON_NODES = frozenset({"host-access-with-secrets", "host-path-to-credentials"})
_NAMESPACE = "namespace-without-pod-security"


def decision(finding: Finding, facts: Facts) -> str:
    """Return the question that a finding comes down to: the same text for all that one answer settles."""
    if finding.id in _OF_PROGRAMS:
        return PROGRAMS
    if finding.id in _OF_RIGHTS or finding.id.startswith(("rbac-", "reach-through-")):
        return RIGHTS
    resource = _object(finding, facts)
    if resource is None:
        return f"what becomes of {finding.resource.show() if finding.resource else finding.origin.path}"
    if finding.id in _ON_NODES:
        return f"what {resource.id.show()} may do on its nodes"
    if finding.id == _NAMESPACE:
        offender = next((w for w in facts.workloads if w.namespace == resource.name and offence(w)), None)
        if offender is not None:
            return f"what {offender.resource.id.show()} may do on its nodes"
    return f"what becomes of {resource.id.show()}"


def asked_of(question: str, finding: Finding) -> str:
    """Return who answers a question: the same person for every finding that it is about."""
    return _WHO.get(question) or decider(finding)[0]


def _object(finding: Finding, facts: Facts) -> Resource | None:
    return next((one for one in facts.resources if one.id == finding.resource), None) if finding.resource else None
