"""One run: read, join, ask, place, filter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, BinaryIO

import msgspec

import strongroom
from strongroom.documents.directives import Ignore as InlineIgnore
from strongroom.documents.limits import DEFAULT, Limits
from strongroom.inventory.join import build
from strongroom.leaks.candidates import of_resource, of_text, of_values
from strongroom.leaks.files import facts_of_file, interesting
from strongroom.leaks.recognise import Recogniser, started
from strongroom.model.facts import Facts
from strongroom.model.finding import Audience, Finding
from strongroom.model.imported import Imported
from strongroom.model.origin import Origin
from strongroom.model.place import Candidate, Nature, Sighting
from strongroom.model.report import CheckPage, Report
from strongroom.model.settings import Ignore, Settings
from strongroom.model.skipped import Coverage, Reason, Skipped
from strongroom.posture.check import Check
from strongroom.posture.checks import CHECKS
from strongroom.posture.examine import examine
from strongroom.posture.standards import load as load_standards
from strongroom.sources.cluster_options import ClusterOptions
from strongroom.sources.collect import Options, collect
from strongroom.sources.controlplane_encryption import key_sightings, with_keys
from strongroom.sources.etcd_options import EtcdOptions
from strongroom.sources.imports.read import Imports, read_imports
from strongroom.sources.reading import Reading
from strongroom.survey.arrivals import Arrivals
from strongroom.survey.history import leaks_of, trees, with_history
from strongroom.survey.imports import joined, pages
from strongroom.survey.locate import Locator
from strongroom.survey.reach import OF_REACH, with_reach
from strongroom.survey.scanning.findings import pages as leak_pages
from strongroom.survey.twins import SUPPRESSED, without_twins


class Request(msgspec.Struct, frozen=True):
    """What a user asks of one run.

    Attributes:
        sources: paths, or ``-``.
        key: the fingerprint key.
        settings: thresholds, ignores, severities.
        select, ignore: ids of checks to run only, or not at all.
        pedantic: report findings for the pedantic audience too.
        baseline: fingerprints of accepted findings.
        imports: reports of other tools.
        gitignore, render, limits, cluster, etcd: see ``sources.collect.Options``.
        progress: called with what is being done.
        now: the time of the run.
        placed_inventory: look up the exact lines of the inventory's places too.
    """

    sources: tuple[str, ...]
    key: bytes
    settings: Settings = Settings()
    select: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    pedantic: bool = False
    baseline: frozenset[str] = frozenset()
    gitignore: bool = True
    render: bool = True
    limits: Limits = DEFAULT
    imports: tuple[str, ...] = ()
    cluster: ClusterOptions = ClusterOptions()
    etcd: EtcdOptions = EtcdOptions()
    progress: Callable[[str], None] = lambda _: None
    now: datetime | None = None
    placed_inventory: bool = False


class Known(msgspec.Struct, frozen=True):
    """What the sources say, before any question is asked."""

    facts: Facts
    reading: Reading


def look(request: Request, stdin: BinaryIO | None = None, recogniser: Recogniser | None = None) -> Known:
    """Read the sources and join them.

    Args:
        request: what is asked.
        stdin: what the source ``-`` means; the process's standard input by default.
        recogniser: one whose rules are being loaded already.

    Raises:
        StrongroomError: a source cannot be read at all.
    """
    recogniser = recogniser or started()
    arrivals = Arrivals(recogniser, request.key)
    options = Options(
        gitignore=request.gitignore,
        render=request.render,
        limits=request.limits,
        wanted=lambda path: interesting(path) is not None,
        cluster=request.cluster,
        etcd=request.etcd,
        progress=request.progress,
        arrived=arrivals.take,
    )
    reading = collect(trees(request.sources), options, stdin)
    request.progress("looking for secret values")
    sightings = [*arrivals.sightings, *recogniser.recognise(candidates(reading), request.key)]
    sightings = with_keys(sightings, key_sightings(reading.resources, request.key))
    files = [fact for file in reading.whole_files for fact in facts_of_file(file.origin.path, file.data, file.origin)]
    now = request.now or datetime.now(UTC)
    request.progress("joining")
    facts = build(
        reading.resources,
        sightings,
        files,
        request.settings,
        now,
        reading.pods,
        reading.gaps,
        reading.host_files,
        reading.stores,
    )
    return Known(facts, reading)


def candidates(reading: Reading) -> Iterable[Candidate]:
    """Yield the texts of a reading that recognition looks at."""
    for resource in reading.resources:
        if not resource.origin.object:  # those of a cluster were looked at when they arrived
            yield from of_resource(resource)
    for loose in reading.loose:
        yield from of_values(loose.body, loose.origin, loose.context)
    for file in reading.whole_files:
        yield from of_text(file.origin.path, file.data, file.origin)


def survey(request: Request, stdin: BinaryIO | None = None, recogniser: Recogniser | None = None) -> Report:
    """Do the main job: read the sources and report what is wrong. Arguments as for `look`.

    Raises:
        StrongroomError: a source cannot be read at all.
    """
    recogniser = recogniser or started()
    return answer(request, look(request, stdin, recogniser), recogniser)


def answer(request: Request, known: Known, recogniser: Recogniser) -> Report:
    """Ask the questions of what the sources say; arguments as for `look`."""
    imports = read_imports(request.imports, request.key, request.limits)
    history = leaks_of(request.sources, request.key, recogniser.library)
    request.progress("examining")
    skipped = [*known.reading.skipped, *history.skipped]
    chosen = _chosen(request)
    facts = with_reach(known.facts, skipped) if any(check.id in OF_REACH for check in chosen) else known.facts
    examined = examine(facts, chosen, skipped)
    found = without_twins(examined)
    suppressed = {SUPPRESSED: len(examined) - len(found)} if len(examined) > len(found) else {}
    kept = _judged(found, request, known.facts.now, suppressed)
    locator = Locator(known.reading.texts, request.limits, _sensitive(known.facts))
    placed = _not_ignored_inline(locator.findings(kept), locator, suppressed, skipped)
    placed, others = joined(placed, _chosen_imports(imports, request), known.facts.sightings)
    placed, leaks = with_history(placed, history)
    placed += _judged([*others, *leaks], request, known.facts.now, suppressed)
    return Report(
        tool=f"strongroom {strongroom.__version__}",
        sources=request.sources,
        findings=tuple(sorted(placed, key=_order)),
        secrets=locator.records(known.facts.secrets) if request.placed_inventory else known.facts.secrets,
        sightings=_placed_where_shared(known.facts.sightings, locator),
        suppressed=suppressed,
        skipped=tuple(sorted(skipped)),
        coverage=coverage(known.reading, imports, history.notes),
        checks={check.id: page(check) for check in CHECKS} | pages(imports.findings) | leak_pages(leaks),
        standards=load_standards(),
        fail_on=request.settings.fail_on,
        created=known.facts.now.astimezone(UTC).isoformat(timespec="seconds"),
    )


def coverage(reading: Reading, imports: Imports = Imports(), notes: tuple[str, ...] = ()) -> Coverage:  # noqa: B008
    """Return what a reading covered."""
    stored = sum(count.count for one in reading.stores for count in one.counts)
    return Coverage(
        files=reading.files,
        documents=reading.documents,
        objects=len(reading.resources),
        other_documents=reading.other_documents,
        other_files=reading.other_files,
        other_facts=len(reading.host_files) + stored + len(imports.findings),
        notes=(*reading.notes, *imports.notes, *notes),
    )


def page(check: Check[Any]) -> CheckPage:
    """Return the page of a check: its module's docstring and its judgement."""
    import sys

    text = sys.modules[check.examine.__module__].__doc__ or ""
    return CheckPage(
        check.id, check.title, check.severity, check.confidence, check.audience, check.practice, check.standards, text
    )


def _chosen(request: Request) -> list[Check[Any]]:
    return [
        check
        for check in CHECKS
        if (not request.select or check.id in request.select) and check.id not in request.ignore
    ]


def _chosen_imports(imports: Imports, request: Request) -> list[Imported]:
    return [
        one
        for one in imports.findings
        if (not request.select or one.id in request.select) and one.id not in request.ignore
    ]


def _sensitive(facts: Facts) -> Iterable[Origin]:
    yield from (s.origin for s in facts.sightings if s.nature in (Nature.SECRET, Nature.PLACEHOLDER))
    yield from (key.secret_origin for one in facts.control_plane.encryption for key in one.keys)


def _judged(found: Iterable[Finding], request: Request, now: datetime, suppressed: dict[str, int]) -> list[Finding]:
    """Apply the user's severities, ignores, audience and baseline."""
    kept: list[Finding] = []
    today = now.date().isoformat()
    for finding in found:
        severity = request.settings.severities.get(finding.id)
        if severity is not None:
            finding = msgspec.structs.replace(finding, severity=severity)
        if any(_covers(ignore, finding, today) for ignore in request.settings.ignores):
            _count(suppressed, "ignored")
        elif finding.audience is Audience.PEDANTIC and not request.pedantic and finding.id not in request.select:
            _count(suppressed, "pedantic")
        elif finding.fingerprint in request.baseline:
            _count(suppressed, "baseline")
        else:
            kept.append(finding)
    return kept


def _covers(ignore: Ignore, finding: Finding, today: str) -> bool:
    if ignore.id != finding.id or (ignore.expires and ignore.expires < today):
        return False
    if ignore.path and not fnmatchcase(finding.origin.path, ignore.path):
        return False
    shown = finding.resource.show() if finding.resource else ""
    return not ignore.resource or fnmatchcase(shown, ignore.resource)


def _not_ignored_inline(
    findings: Sequence[Finding], locator: Locator, suppressed: dict[str, int], skipped: list[Skipped]
) -> list[Finding]:
    kept: list[Finding] = []
    seen: set[str] = set()
    for finding in findings:
        path = finding.origin.path
        ignores = locator.ignores(path)
        if path not in seen:
            seen.add(path)
            skipped.extend(_unreasoned(path, ignores))
        if any(_speaks_of(ignore, finding) for ignore in ignores):
            _count(suppressed, "ignored")
        else:
            kept.append(finding)
    return kept


def _unreasoned(path: str, ignores: Iterable[InlineIgnore]) -> Iterable[Skipped]:
    return (Skipped(path, ignore.line, 0, Reason.UNREASONED) for ignore in ignores if not ignore.reason)


def _speaks_of(ignore: InlineIgnore, finding: Finding) -> bool:
    """A comment speaks of its own line, or of the next one where it stands alone."""
    line = ignore.line + 1 if ignore.own_line else ignore.line
    return bool(ignore.reason) and line == finding.origin.line and finding.id in ignore.ids


def _placed_where_shared(sightings: Iterable[Sighting], locator: Locator) -> tuple[Sighting, ...]:
    """Return the secret values, with exact places where one value stands in several."""
    secret = [s for s in sightings if s.nature is Nature.SECRET]
    count = Counter(s.fingerprint for s in secret)
    return tuple(
        msgspec.structs.replace(s, origin=locator.origin(s.origin, s.resource)) if count[s.fingerprint] > 1 else s
        for s in secret
    )


def _count(counts: dict[str, int], why: str) -> None:
    counts[why] = counts.get(why, 0) + 1


def _order(finding: Finding) -> tuple[Any, ...]:
    origin = finding.origin
    return (
        -finding.severity,
        origin.path,
        origin.object,
        origin.line,
        origin.column,
        finding.id,
        finding.message,
        finding.fingerprint,
    )
