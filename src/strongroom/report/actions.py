"""What to do first: a report's findings, drawn together into a short list of deeds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from strongroom.model.finding import Confidence, Finding, Practice, Severity
from strongroom.model.leak import PENDING, PREFIX
from strongroom.model.report import Report
from strongroom.report.remedies import REMEDIES, REMEDY_OF
from strongroom.report.sanitise import NAME_LIMIT, line

MOST_ACTIONS = 10
_NAMED_PLACES = 3
_LONGEST_ADVICE = 90


class Action(NamedTuple):
    """One deed that settles several findings.

    Attributes:
        deed: what to do, as a sentence without a full stop.
        places: the objects or files where, the worst first.
        severity: of the worst finding that it settles.
        checks: the ids of the checks that it answers, ordered.
        findings: how many findings it settles.
    """

    deed: str
    places: tuple[str, ...]
    severity: Severity
    checks: tuple[str, ...]
    findings: int

    @property
    def text(self) -> str:
        """The deed and its first places, in one line."""
        return self.phrase(_NAMED_PLACES)

    def phrase(self, most: int) -> str:
        """Return the deed and at most this many of its places, in one line free of control characters."""
        if not most:
            return self.deed
        rest = len(self.places) - most
        shown = ", ".join(self.places[:most])
        return f"{self.deed}: {shown} and {rest:,} more" if rest > 0 else f"{self.deed}: {shown}"


_PRACTICES = list(Practice)


def first_actions(report: Report) -> tuple[str, ...]:
    """Return what to do first, most urgent first: at most ten lines, each free of control characters."""
    return tuple(action.text for action in actions(report))


def actions(report: Report, limit: int = MOST_ACTIONS) -> tuple[Action, ...]:
    """Draw the findings together into deeds, most urgent first.

    Findings below medium severity ask for a deed only where there are no others.
    """
    worth = [finding for finding in report.findings if finding.severity >= Severity.MEDIUM] or report.findings
    groups: dict[str, list[Finding]] = {}
    for finding in worth:
        remedy = REMEDY_OF.get(_kind(finding))
        groups.setdefault(remedy.checks[0] if remedy else finding.id, []).append(finding)
    ranked = sorted(groups.items(), key=lambda item: _rank(item[0], item[1]))
    return tuple(_action(report, key, found) for key, found in ranked[:limit])


def _kind(finding: Finding) -> str:
    """Leaks have the id of their rule; one deed answers all of them, and another those that are still to be made."""
    if not finding.id.startswith(PREFIX):
        return finding.id
    return PENDING if finding.leak and finding.leak.pending and not finding.leak.live else PREFIX


def _rank(key: str, found: Sequence[Finding]) -> tuple[int, int, int, int, str]:
    worst = max(finding.severity for finding in found)
    sure = max((f.confidence for f in found if f.severity is worst), default=Confidence.LOW)
    remedy = REMEDY_OF.get(key)
    order = REMEDIES.index(remedy) if remedy else len(REMEDIES) + _PRACTICES.index(found[0].practice)
    return -worst, -sure, order, -len(found), key


def _action(report: Report, key: str, found: Sequence[Finding]) -> Action:
    remedy = REMEDY_OF.get(key)
    if remedy:
        amount = _amount(found, by_value=remedy.by_value)
        counted = f"{amount} {remedy.one if amount == 1 else remedy.many}"
        deed = remedy.text.format(n=counted, kinds=_kinds(found))
    else:
        deed = _advice(report, found[0])
    return Action(
        deed=f"{deed[:1].upper()}{deed[1:]}",
        places=_places(found),
        severity=max(finding.severity for finding in found),
        checks=tuple(sorted({finding.id for finding in found})),
        findings=len(found),
    )


def _amount(found: Iterable[Finding], *, by_value: bool) -> int:
    """Count values where they are known, since one credential in three places is rotated once; else objects."""
    if by_value:
        return len({finding.value or finding.fingerprint for finding in found})
    return len({finding.resource or finding.origin.path for finding in found})


def _advice(report: Report, finding: Finding) -> str:
    """Return the first sentence of the check's ``Instead`` where it is a short one, else a pointer to the page."""
    page = report.checks.get(finding.id)
    paragraph = page.section.get("Instead", "").split("\n\n", 1)[0] if page else ""
    sentence = re.split(r"(?<=[^.A-Z])\.(?:\s|$)", " ".join(paragraph.split()), maxsplit=1)[0]
    plain = re.sub(r"`|\[([^\]]*)\]\([^)]*\)", lambda match: match[1] or "", sentence)
    if plain[:1].isupper() and ": " not in plain and len(plain) <= _LONGEST_ADVICE:
        return line(plain)
    return f"resolve {finding.id}"


def _kinds(found: Iterable[Finding]) -> str:
    kinds = list(dict.fromkeys(finding.resource.kind if finding.resource else "file" for finding in found))
    return _many(line(kinds[0], NAME_LIMIT)) if len(kinds) == 1 else "manifests"


def _many(kind: str) -> str:
    """Return the plural of a kind as the API writes its resource: NetworkPolicies, Ingresses, ConfigMaps."""
    if kind.endswith("y") and not kind.endswith("ey"):
        return f"{kind[:-1]}ies"
    return f"{kind}es" if kind.endswith("s") else f"{kind}s"


def _places(found: Sequence[Finding]) -> tuple[str, ...]:
    mixed = len({finding.resource.kind if finding.resource else "" for finding in found}) > 1
    return tuple(dict.fromkeys(_place(finding, with_kind=mixed) for finding in found))


def _place(finding: Finding, *, with_kind: bool) -> str:
    resource = finding.resource
    if resource is None:
        return line(finding.origin.path or finding.origin.source, NAME_LIMIT)
    shown = resource.show() if with_kind else resource.show().removeprefix(f"{resource.kind} ")
    return line(shown, NAME_LIMIT)
