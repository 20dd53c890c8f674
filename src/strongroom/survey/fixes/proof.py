"""After a plan, the same audit again: what is gone, what came, and whether every container gets what it got."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from posixpath import dirname

import msgspec

from strongroom.inventory.effective import effective, lost
from strongroom.leaks.recognise import Recogniser, started
from strongroom.model.facts import Facts
from strongroom.model.finding import Finding
from strongroom.model.fix import FixPlan, Proof, Remaining
from strongroom.model.report import Report
from strongroom.model.resource import Resource, ResourceId
from strongroom.model.skipped import Reason
from strongroom.posture.fixes import EVERY
from strongroom.posture.fixes.deciders import decider
from strongroom.posture.fixes.decisions import asked_of, decision
from strongroom.survey.fixes.offers import exposed
from strongroom.survey.run import Known, Request, answer, look

_REPEATED = "repeated-secret-value"
_REACHABLE = "secret-widely-reachable"
_CHART_VALUE = "secret-in-helm-values"
_DANGLING = "dangling-secret-reference"


class Audited(msgspec.Struct, frozen=True):
    """One audit, and the facts behind it."""

    report: Report
    known: Known

    def __repr__(self) -> str:
        return "Audited()"


def audited(request: Request, recogniser: Recogniser | None = None) -> Audited:
    """Audit the sources as the user asked.

    Raises:
        StrongroomError: a source cannot be read at all.
    """
    recogniser = recogniser or started()
    known = look(request, recogniser=recogniser)
    return Audited(answer(request, known, recogniser), known)


def renders(facts: Facts, report: Report) -> bool:
    """Tell whether sources may be rendered to more than their files say: by kustomize, or by helm."""
    return bool(facts.of_kind("Kustomization")) or any(skip.reason is Reason.TEMPLATE for skip in report.skipped)


def with_rendered(fix: FixPlan, plain: Report, rendered: Audited, ids: Collection[str]) -> FixPlan:
    """Return what is planned, with what only rendering shows among what is left and what stood in plain text.

    Args:
        fix: what was planned from the files as they are written.
        plain: the report that it was planned from.
        rendered: the audit as the user asked for it.
        ids: checks, or beginnings of fingerprints, that alone were asked for; empty for all.
    """
    known = {finding.fingerprint for finding in plain.findings}
    more = [
        finding
        for finding in rendered.report.findings
        if finding.fingerprint not in known
        and finding.origin.rendered_by
        and (not ids or finding.id in ids or any(finding.fingerprint.startswith(one) for one in ids))
    ]
    left = [_of_render(finding, rendered.known.facts) for finding in more]
    return msgspec.structs.replace(fix, left=(*fix.left, *left), exposed=exposed((*fix.exposed, *more)))


def _of_render(finding: Finding, facts: Facts) -> Remaining:
    why = f"{finding.origin.rendered_by} makes it of {finding.origin.path}: change it there"
    return msgspec.structs.replace(_remaining(finding, facts), why=why)


def prove(fix: FixPlan, before: Audited, after: Audited, opened: Sequence[Resource] = ()) -> Proof:
    """Compare two audits, one before and one after a plan; ``opened`` is what it encrypted, in plain. Pure."""
    old = {finding.fingerprint: finding for finding in before.report.findings}
    new = {finding.fingerprint: finding for finding in after.report.findings}
    away = {key: finding for key, finding in old.items() if key not in new}
    came = [finding for key, finding in new.items() if key not in old]
    same = _renamed(fix, away, came)
    came = [finding for finding in came if finding.fingerprint not in same]
    expected = _expected(fix)
    instead = [finding for finding in came if finding.id in expected]
    was, now = effective(before.known.facts.resources), effective(_opened(after.known, opened))
    # What a cluster's ConfigMaps hold is not kept, so there the plan compared it before it was made.
    missing = [*lost(was, now)] if before.known.facts.in_repository else []
    may = {f.resource for one in fix.mended if one.unsafe for f in one.findings if f.resource}
    may |= _of_charts(fix, before.known.facts)
    damage = [f"{one.show()} is no longer given {what}" for one, what in missing if not _among(one, may)]
    damage += [finding.message for finding in came if finding.id == _DANGLING]
    known = {(skip.path, skip.reason) for skip in before.report.skipped}
    bad = [skip for skip in after.report.skipped if skip.problem and (skip.path, skip.reason) not in known]
    damage += [f"{skip.path}: {skip.reason.value}" for skip in bad]
    return Proof(
        gone=tuple(finding for key, finding in away.items() if key not in same.values()),
        instead=tuple(_remaining(finding, after.known.facts) for finding in instead),
        fresh=tuple(finding for finding in came if finding not in instead),
        renamed={old_key: new[key] for key, old_key in same.items()},
        remaining=tuple(finding for key, finding in new.items() if key in old or key in same),
        kept=len(was),
        lost=tuple(f"{resource.show()}: {what}" for resource, what in missing),
        damage=tuple(damage),
    )


def _opened(known: Known, opened: Sequence[Resource]) -> list[Resource]:
    """Return the objects of a reading, with what the plan encrypted as it is in plain."""
    plain = {(one.origin.path, one.namespace, one.name): one for one in opened}
    found = []
    for one in known.facts.resources:
        inside = plain.pop((one.origin.path, one.namespace, one.name), None) if one.kind == "Secret" else None
        found.append(one if inside is None else msgspec.structs.replace(one, body=inside.body))
    return [*found, *plain.values()]


def _of_charts(fix: FixPlan, facts: Facts) -> set[ResourceId]:
    """Return what is rendered of charts whose values were left empty: they are given another way by hand."""
    values = {f.origin.path for one in fix.mended for f in one.findings if f.id == _CHART_VALUE}
    folders = {f"{dirname(path)}/" if dirname(path) else "" for path in values}
    rendered = [one for one in facts.resources if one.origin.rendered_by]
    return {one.id for one in rendered if any(one.origin.path.startswith(folder) for folder in folders)}


def _among(one: ResourceId, some: Iterable[ResourceId]) -> bool:
    """Tell whether an object, as it was rendered, is one of some as they are written."""
    return any(one.kind == other.kind and other.name in one.name for other in some)


def _renamed(fix: FixPlan, away: Mapping[str, Finding], came: Iterable[Finding]) -> dict[str, str]:
    """Return the findings that are the same as before of an object that is of another kind now: new to old identity."""
    mended = {finding.fingerprint for one in fix.mended for finding in one.findings}
    known: dict[tuple[str, str, str], list[str]] = {}
    for key, finding in away.items():
        if key not in mended:
            known.setdefault(_about(finding), []).append(key)
    # One for one: what came beyond what went is new.
    return {one.fingerprint: known[_about(one)].pop(0) for one in came if known.get(_about(one))}


def _about(finding: Finding) -> tuple[str, str, str]:
    if finding.id == _REPEATED and finding.value:
        return finding.id, "", finding.value  # its place is the first of them, and that may have gone
    if finding.id == _REACHABLE:
        return finding.id, "", ""  # likewise
    return finding.id, finding.origin.path, finding.resource.name if finding.resource else ""


def _remaining(finding: Finding, facts: Facts) -> Remaining:
    question = decision(finding, facts)
    return Remaining(finding, decider(finding)[1], asked_of(question, finding), question)


def _expected(fix: FixPlan) -> set[str]:
    """Return the ids of the lesser findings that the fixes which were made may put in place of what they mend."""
    mended = {finding.id for one in fix.mended for finding in one.findings}
    return {lesser for kind in EVERY if mended.intersection(kind.checks) for lesser in kind.instead}
