"""Which audit policies lose reads of Secrets, beyond the examples."""

from __future__ import annotations

from typing import Any

import pytest
from tests.posture.given import facts_of

from strongroom.posture.checks.audit_misses_secret_reads import CHECK

METADATA = {"level": "Metadata"}
SECRETS = [{"group": "", "resources": ["secrets"]}]


def _found(*rules: dict[str, Any], **policy: Any) -> list[tuple[str, str]]:
    facts = facts_of({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": list(rules), **policy})
    return [
        ((CHECK.severity if hit.severity is None else hit.severity).label, hit.message)
        for hit in CHECK.examine(facts.control_plane.policies[0], facts)
    ]


@pytest.mark.parametrize(
    "rules",
    [
        [METADATA],
        [{"level": "None", "users": ["system:kube-controller-manager"], "resources": SECRETS}, METADATA],
        [{"level": "None", "nonResourceURLs": ["*"]}, METADATA],
        [{"level": "None", "verbs": ["delete"]}, METADATA],
        [{"level": "Metadata", "resources": SECRETS}, {"level": "None"}],
        [{"level": "None", "resources": [{"group": "apps"}]}, METADATA],
    ],
)
def test_policies_that_lose_nothing(rules: list[dict[str, Any]]) -> None:
    """Rules that cover no read of a Secret by anybody but the control plane are no finding."""
    assert _found(*rules) == []


def test_a_policy_without_rules_logs_nothing() -> None:
    """What no rule matches is not logged."""
    assert [severity for severity, _ in _found()] == ["medium"]


def test_stages_that_leave_nothing() -> None:
    """A level is of no use where every stage is left out; one that keeps a stage is enough."""
    lost = _found(METADATA, omitStages=["RequestReceived", "ResponseComplete"])
    kept = _found(METADATA, omitStages=["RequestReceived"])

    assert [message for _, message in lost] == ["get/list of Secrets is logged at no stage that this rule keeps"]
    assert kept == []


def test_who_is_left_out_is_said() -> None:
    """A rule that names somebody or something is a low finding that says whom or what."""
    rule = {"level": "None", "userGroups": ["system:nodes"], "namespaces": ["shop"], "resources": SECRETS}
    ((severity, message),) = _found(rule, METADATA)

    assert severity == "low"
    assert message == "get/list/watch of Secrets by system:nodes in shop is not logged by this rule"
