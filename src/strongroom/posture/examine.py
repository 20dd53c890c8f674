"""Ask the questions: run checks over the facts and make findings of what they hit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from strongroom.model.facts import Facts
from strongroom.model.finding import Finding
from strongroom.model.origin import FieldPath, Origin
from strongroom.model.resource import Resource, ResourceId, as_dict, as_text
from strongroom.model.skipped import Reason, Skipped
from strongroom.posture.check import Check, Hit, subjects

_FINGERPRINT_DIGITS = 32


def examine(facts: Facts, checks: Iterable[Check[Any]], failed: list[Skipped]) -> list[Finding]:
    """Run the checks; return one finding per hit, each place and message once.

    A check that fails on one subject is a defect of ours: it is added to ``failed`` (which makes the run end as "could
    not"), and everything else is still examined.
    """
    bodies = _Bodies(facts)
    found: list[Finding] = []
    said: set[tuple[str, Origin, str]] = set()
    times: dict[str, int] = {}
    for check in checks:
        for hit in _hits(check, facts, failed):
            finding = _finding(check, hit, bodies)
            # Two sources, or two overlays over one base, may say the same of the same place.
            statement = (finding.fingerprint, msgspec.structs.replace(hit.origin, source=""), hit.message)
            if statement in said:
                continue
            said.add(statement)
            ordinal = times[finding.fingerprint] = times.get(finding.fingerprint, 0) + 1
            if ordinal > 1:
                finding = msgspec.structs.replace(finding, fingerprint=_digest(check, hit, bodies, str(ordinal)))
            found.append(finding)
    return found


def _hits(check: Check[Any], facts: Facts, failed: list[Skipped]) -> Iterator[Hit]:
    for subject in subjects(facts, check.over):
        try:
            yield from check.examine(subject, facts)
        except Exception as error:  # noqa: BLE001 - reported as a failure, see the docstring of examine()
            path = getattr(getattr(subject, "origin", None), "path", "")
            failed.append(Skipped(path, 0, 0, Reason.CHECK_FAILED, f"{check.id}: {type(error).__name__}"))


def _finding(check: Check[Any], hit: Hit, bodies: _Bodies) -> Finding:
    return Finding(
        id=check.id,
        title=check.title,
        severity=check.severity if hit.severity is None else hit.severity,
        confidence=check.confidence if hit.confidence is None else hit.confidence,
        audience=check.audience if hit.audience is None else hit.audience,
        practice=check.practice,
        message=hit.message,
        origin=hit.origin,
        fingerprint=_digest(check, hit, bodies, ""),
        resource=hit.resource,
        value=hit.value,
        related=hit.related,
        standards=check.standards,
        rule=hit.rule,
    )


def _digest(check: Check[Any], hit: Hit, bodies: _Bodies, ordinal: str) -> str:
    """Identify a finding by what it is about, not by where its line is: moving code does not change it.

    List indices are replaced by the names of the items; nothing of a value takes part.
    """
    origin = hit.origin
    resource = hit.resource
    parts = (
        check.id,
        origin.holder if origin.object else origin.path,
        f"{resource.kind}/{resource.name}" if resource else "",
        "/".join(bodies.stable(origin, resource)),
        origin.inner,
        hit.about,
        ordinal,
    )
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:_FINGERPRINT_DIGITS]


class _Bodies:
    """Finds the bodies behind origins, to name list items."""

    def __init__(self, facts: Facts) -> None:
        self._resources: dict[tuple[str, int, FieldPath, ResourceId | None], Resource] = {}
        for resource in facts.resources:
            origin = resource.origin
            # Of a file that was rendered, the document is not known: its objects are told apart by their names.
            for name in (resource.id, None):
                self._resources.setdefault((origin.path, origin.document, origin.field, name), resource)

    def stable(self, origin: Origin, name: ResourceId | None) -> list[str]:
        """Return the steps of the origin's field with names in place of list indices."""
        for known in dict.fromkeys((name, None)):
            for cut in range(len(origin.field) + 1):
                resource = self._resources.get((origin.path, origin.document, origin.field[:cut], known))
                if resource is not None:
                    return _named_steps(resource.body, origin.field[cut:])
        return ["*" if isinstance(step, int) else step for step in origin.field]


def _named_steps(body: Any, field: FieldPath) -> list[str]:
    steps: list[str] = []
    for step in field:
        if isinstance(step, int):
            body = body[step] if isinstance(body, list) and 0 <= step < len(body) else None
            steps.append(as_text(as_dict(body).get("name")) or "*")
        else:
            body = as_dict(body).get(step)
            steps.append(step)
    return steps
