"""Read an audit policy (https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strongroom.model.controlplane import AuditLevel, AuditPolicy, AuditRule, GroupResources
from strongroom.model.origin import Origin
from strongroom.model.resource import Resource, as_dict, as_list, as_text

_MOST_RULES = 1000  # the longest policies that are published have about 50
_LEVELS = {level.label: level for level in AuditLevel}


def policy_of(resource: Resource) -> AuditPolicy | None:
    """Return what an object says as an audit policy; None where it is none.

    A rule whose level does not exist is left out: no API server starts with it.
    """
    if resource.kind != "Policy" or resource.group != "audit.k8s.io":
        return None
    omitted = frozenset(_texts(resource.body.get("omitStages")))
    return AuditPolicy(resource.id, resource.origin, tuple(_rules(resource, omitted)), omitted)


def _rules(resource: Resource, omitted: frozenset[str]) -> Iterator[AuditRule]:
    for index, entry in enumerate(as_list(resource.body.get("rules"))[:_MOST_RULES]):
        rule = as_dict(entry)
        level = _LEVELS.get(as_text(rule.get("level")))
        if level is not None:
            yield _rule(rule, level, resource.origin.at(("rules", index)), omitted)


def _rule(rule: dict[str, Any], level: AuditLevel, origin: Origin, omitted: frozenset[str]) -> AuditRule:
    return AuditRule(
        level=level,
        origin=origin,
        users=_texts(rule.get("users")),
        groups=_texts(rule.get("userGroups")),
        verbs=_texts(rule.get("verbs")),
        namespaces=_texts(rule.get("namespaces")),
        resources=tuple(
            GroupResources(
                as_text(entry.get("group")), _texts(entry.get("resources")), _texts(entry.get("resourceNames"))
            )
            for entry in as_list(rule.get("resources"))
            if isinstance(entry, dict)
        ),
        urls=_texts(rule.get("nonResourceURLs")),
        # What the policy leaves out and what the rule leaves out are joined (policy.NewPolicyRuleEvaluator).
        omit_stages=omitted | frozenset(_texts(rule.get("omitStages"))),
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(text for text in as_list(value) if isinstance(text, str))
