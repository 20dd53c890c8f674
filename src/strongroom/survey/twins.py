"""The same mistake in a manifest and in the object that was made of it: said once, where it can be mended."""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.model.finding import Finding
from strongroom.model.resource import ResourceId

SUPPRESSED = "in the cluster as in its manifest"
"""What such findings are counted as."""


def without_twins(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings without those of live objects that a manifest of the same object shows at the same field."""
    written = {(_key(finding), finding.resource) for finding in findings if not finding.origin.object}
    return [finding for finding in findings if not (finding.origin.object and _is_written(finding, written))]


def _key(finding: Finding) -> tuple[object, ...]:
    return finding.id, finding.origin.field, finding.origin.inner, finding.value


def _is_written(finding: Finding, written: set[tuple[tuple[object, ...], ResourceId | None]]) -> bool:
    resource = finding.resource
    if resource is None:
        return False
    # A manifest may leave its namespace open.
    return any((_key(finding), one) in written for one in (resource, resource._replace(namespace="")))
