"""Findings put together the way people read them."""

from __future__ import annotations

from collections.abc import Iterable

from strongroom.model.finding import Finding, Practice


def by_practice(findings: Iterable[Finding]) -> dict[Practice, list[Finding]]:
    """Return the findings of each practice that has any, in the order of the practices."""
    found: dict[Practice, list[Finding]] = {practice: [] for practice in Practice}
    for finding in findings:
        found[finding.practice].append(finding)
    return {practice: group for practice, group in found.items() if group}


def by_check(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Return the findings of each check, the check with the worst finding first, then by id."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.id, []).append(finding)
    ranked = sorted(found, key=lambda check: (-max(finding.severity for finding in found[check]), check))
    return {check: found[check] for check in ranked}
