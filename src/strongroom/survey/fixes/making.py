"""One plan in the making: what each fix changes, and the steps that it comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from functools import partial
from pathlib import Path

import msgspec

import strongroom
from strongroom.access.minimise import minimise
from strongroom.access.minimise_edits import limit
from strongroom.access.world import World
from strongroom.documents.wanted import Unfit
from strongroom.errors import PlanError, StrongroomError, UsageError
from strongroom.keys.process import context as context_of_keys
from strongroom.model.finding import Finding
from strongroom.model.fix import FixPlan, Mending
from strongroom.model.plan import FileChange, Plan, PlanStep, Splice
from strongroom.model.report import Report
from strongroom.model.resource import Resource, ResourceId
from strongroom.model.skipped import Reason
from strongroom.plans.preview import preview
from strongroom.plans.saved import key_id
from strongroom.posture.fixes import unneeded_rights
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.loose_values import LOOSE
from strongroom.posture.fixes.overlays import refuse_retargeted
from strongroom.report.wording import plural
from strongroom.survey.fixes.external import ExternalBodies
from strongroom.survey.fixes.files import Files, resources_after
from strongroom.survey.fixes.losses import Losses
from strongroom.survey.fixes.offers import Offers, exposed, settled
from strongroom.survey.fixes.sealed import SealedBodies
from strongroom.survey.fixes.sops import SopsFiles, listed
from strongroom.survey.fixes.wanted import Planned, Wanted
from strongroom.survey.fixes.whole import CREDENTIAL_FILE, IMAGE_BUILD, Whole, WholeFiles
from strongroom.survey.frames import context
from strongroom.survey.run import Known, Request

ROLE_CHECKS = frozenset({"rbac-lists-secrets", "rbac-gets-any-secret", "rbac-reads-all-secrets", "rbac-wildcard"})
"""Checks whose findings go when a role is limited to what is known to be needed."""

_UNSAFE_ROLE = "a program that reads Secrets through the API without being told their names would be refused"
_LIMITED = "this plan makes its role smaller already: fix again for what is left of it"
_TITLES = 3
_CONFIGMAP = "secret-in-configmap"
_PLAIN = "plain-secret-manifest"
_PARTLY = "partly-encrypted-file"
_SEALED_BEFORE = "give the store what SOPS encrypted in {}, from Git or after strongroom plan undo: here it is gone"
_SEALS = "encrypt "


class Making:
    """One plan in the making.

    Args:
        known: what the sources say.
        request: what the audit was asked.
        root: the folder that the plan is for.
        wanted: what the user wants.
        refused: the findings that are left, by their fingerprints, and why.
    """

    def __init__(self, known: Known, request: Request, root: Path, wanted: Wanted, refused: Mapping[str, str]) -> None:
        self._known, self._request, self._root, self._wanted = known, request, root, wanted
        self._files = Files(known.reading.texts, root, request.key, request.limits)
        self._bench = Bench(
            known.facts, self._files.bodies, self._files.fingerprint, wanted.reads_files, stores=wanted.to == "external"
        )
        self._files.apart = wanted.to == "sops"
        self._sops = SopsFiles(self._files, root, request.key, context_of_keys(), wanted.recipients)
        self._instead: SealedBodies | ExternalBodies | None = None
        if wanted.to == "external":
            self._instead = ExternalBodies(known.facts, self._files.bodies)
        elif wanted.sealing_key:
            self._instead = SealedBodies(wanted.sealing_key, self._files.bodies)
        if self._instead is not None:
            self._files.written = self._instead.of_new
        self._whole = WholeFiles(self._files, known.facts, root, request.key)
        self._texts: list[Mending] = []
        self._made: list[PlanStep] = []
        self._sealed: list[str] = []
        self._listed: dict[str, None] = {}
        self._mended: list[Mending] = []
        self._refused = dict(refused)
        self._offers = Offers(known.facts, wanted, refused)
        self._losses = Losses(known.facts)
        self._notes: dict[str, None] = {}
        self._by_hand: dict[str, None] = {}
        self._limited: set[ResourceId | None] = set()

    def note(self, sentence: str) -> None:
        """Say something that the plan rests on."""
        if sentence:
            self._notes[sentence] = None

    def mend(self, fix: Fix, findings: Iterable[Finding]) -> None:
        """Make the changes of one kind of fix."""
        for resource, found in self._groups(fix, findings):
            left = found
            while left:
                settled = self._try(left, partial(fix.mend, left, resource))
                left = [finding for finding in left if finding not in settled]

    def _try(self, found: Sequence[Finding], mend: Callable[[Bench], Outcome]) -> Sequence[Finding]:
        """Make a change, or keep why it is not made; return the findings that this settles."""
        attempt = self._bench.attempt()
        try:
            outcome = mend(attempt)
        except Unfit as unfit:
            outcome = Left(str(unfit))
        if isinstance(outcome, Left):
            self._offers.leave(found, outcome.why)
            return found
        found = settled(outcome, found)
        if not self._offers.offer(outcome, found) and self._adopt(
            attempt, Mending(outcome.title, tuple(found), unsafe=self._offers.risk(outcome))
        ):
            self._notes.update(dict.fromkeys(outcome.notes))
            self._by_hand.update(dict.fromkeys(outcome.to_do))
        return found

    def mend_loose(self, findings: Iterable[Finding]) -> None:
        """Make the changes of what is no object."""
        for fix in LOOSE:
            for finding in [f for f in findings if f.id in fix.checks and self._is_wanted(f)]:
                self._try([finding], partial(fix.mend, [finding]))

    def mend_files(self, findings: Iterable[Finding]) -> None:
        """Delete credentials, and change builds, which are text."""
        for finding in [one for one in findings if one.id == CREDENTIAL_FILE and self._is_wanted(one)]:
            self._take([finding], partial(self._whole.removal, finding))
        for path, its in self._by_path(findings, IMAGE_BUILD).items():
            self._take(its, partial(self._whole.build, path, its))

    def _take(self, found: Sequence[Finding], make: Callable[[], Whole]) -> None:
        try:
            whole = make()
        except Unfit as unfit:
            self._offers.leave(found, str(unfit))
            return
        paths = tuple(one.change.path for one in whole.steps if isinstance(one.change, FileChange))
        outcome = Mended(whole.title, whole.unsafe, unseen=True)
        if self._offers.offer(outcome, found):
            return
        self._texts.append(Mending(whole.title, tuple(found), paths, self._offers.risk(outcome)))
        self._made += whole.steps
        self._whole.ignore(whole.steps)
        self._by_hand[whole.to_do] = None

    def unlimited(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Yield the findings of roles that this plan does not limit already: both would edit the same rules."""
        for finding in findings:
            if finding.resource not in self._limited:
                yield finding
            elif finding.id in unneeded_rights.FIX.checks and finding.id not in ROLE_CHECKS:
                self._offers.leave([finding], _LIMITED)

    def limit_roles(self, findings: Iterable[Finding]) -> None:
        """Make roles smaller, as ``access minimise`` does."""
        asked = [f for f in findings if f.id in ROLE_CHECKS and self._is_wanted(f)]
        if not asked:
            return
        found = minimise(World(self._known.facts))
        left = {one.role: one.why for one in found.left}
        smaller = {one.role.resource.id: one for one in found.smaller}
        for role, its in _by_object(asked).items():
            one = smaller.get(role) if role else None
            if one is None:
                self._offers.leave(its, left.get(role, "") if role else "")
                continue
            self._limited.add(one.role.resource.id)
            outcome = Mended(f"limit {one.role.resource.id.show()}: {'; '.join(one.does)}", _UNSAFE_ROLE)
            if self._offers.offer(outcome, its):
                continue
            attempt = self._bench.attempt()
            try:
                limit(attempt.body(one.role.resource), one.rules)
            except Unfit as unfit:
                self._offers.leave(its, str(unfit))
                continue
            for body in [body for beside in one.beside for body in beside.bodies()]:
                attempt.add(one.role.resource, body)
            if self._adopt(attempt, Mending(outcome.title, tuple(its), unsafe=outcome.unsafe)):
                self._notes.update(dict.fromkeys(one.open))

    def replace(self, findings: Iterable[Finding]) -> None:
        """Put SealedSecrets or ExternalSecrets in the place of plain Secret manifests.

        Raises:
            UsageError: no sealing key was given.
        """
        if self._instead is None:
            raise UsageError("no certificate to seal with", hint="--cert FILE; strongroom seal certificate fetches it")
        for resource, its in self._plain(findings):
            attempt = self._bench.attempt()
            partly = its[0].id == _PARTLY
            try:
                refuse_retargeted(resource, self._known.facts)
                body = attempt.body(resource, sealed=partly)
                made = self._instead.of(body, resource.name)
                self._files.refuse_values_in(made, resource.origin.path, self._known.facts)
            except Unfit as unfit:
                self._offers.leave(its, str(unfit))
                continue
            body.clear()
            body.update(made)
            if self._adopt(attempt, Mending(f"{self._instead.verb} {resource.id.show()}", tuple(its))):
                if partly:
                    self._by_hand[_SEALED_BEFORE.format(resource.origin.path)] = None
                self._sops.opened.append(resource)
                self._admit(resource)
        for secret in self._bench.secrets.values():
            self._sops.opened += self._instead.opened(secret)
            self._admit(secret.beside)

    def _plain(self, findings: Iterable[Finding]) -> Iterator[tuple[Resource, list[Finding]]]:
        checks = {_PLAIN, _PARTLY} if isinstance(self._instead, ExternalBodies) else {_PLAIN}
        found: dict[int, tuple[Resource, list[Finding]]] = {}
        for finding in findings:
            resource = self._bench.resource(finding) if finding.id in checks and self._is_wanted(finding) else None
            if resource is not None:
                found.setdefault(id(resource), (resource, []))[1].append(finding)
        yield from found.values()

    def _admit(self, resource: Resource) -> None:
        if isinstance(self._instead, ExternalBodies):
            self._instead.admit(self._bench, resource.namespace)

    def encrypt(self, findings: Iterable[Finding]) -> None:
        """Make the files of new Secrets, and encrypt plain Secret manifests in place.

        Raises:
            StrongroomError: there is no rule for a new file, or a key could not be used.
        """
        for secret in self._bench.secrets.values():
            path, step = self._sops.made(secret)
            self._made.append(step)
            self._listed.update(dict.fromkeys(listed(self._bench, secret, path)))
        for path, its in self._by_path(findings, _PLAIN).items():
            try:
                self._sops.refuse_unfit(path)
            except Unfit as unfit:
                self._offers.leave(its, str(unfit))
                continue
            self._sealed.append(path)
            self._mended.append(Mending(f"encrypt {path} by SOPS", tuple(its), (path,)))

    def complete(self, findings: Iterable[Finding]) -> None:
        """Encrypt what stands in plain text in files that SOPS encrypted, where a key that opens them is at hand."""
        for path, its in self._by_path(findings, _PARTLY).items():
            try:
                step = self._sops.completed(path, [finding.fingerprint for finding in its])
            except (Unfit, StrongroomError) as error:
                self._offers.leave(its, f"{error}: encrypt the file again, and rotate what stood there")
                continue
            self._made.append(step)
            self._sops.opened += [one for one in map(self._bench.resource, its) if one is not None]
            self._texts.append(Mending(f"encrypt what stands in plain text in {path}", tuple(its), (path,)))

    def _by_path(self, findings: Iterable[Finding], check: str) -> dict[str, list[Finding]]:
        found: dict[str, list[Finding]] = {}
        for finding in findings:
            if finding.id == check and self._is_wanted(finding):
                found.setdefault(finding.origin.path, []).append(finding)
        return found

    def note_templates(self, report: Report) -> None:
        """Say which templates that were not rendered name a ConfigMap whose values move."""
        moved = {f.resource.name for one in self._mended for f in one.findings if f.id == _CONFIGMAP and f.resource}
        paths = dict.fromkeys(skip.path for skip in report.skipped if skip.reason is Reason.TEMPLATE)
        for path in paths if moved else ():
            self._notes.update(dict.fromkeys(self._files.naming(path, moved)))

    def planned(self, report: Report, root: str) -> Planned:
        """Return the plan."""
        facts, limits = self._known.facts, self._request.limits
        paths = list(dict.fromkeys([*(path for one in self._mended for path in one.files), *self._listed]))
        splices = {path: self._splices(path) for path in paths}
        changed = {path: self._files.after(path, found) for path, found in splices.items()}
        after = resources_after(facts, changed, limits)
        containers = self._losses.refuse(self._mended, [*after, *self._sops.opened])
        ignoring = self._whole.ignoring()
        new = [step for step in (ignoring, self._sops.configuration()) if step is not None]
        new += [self._files.new(path, text) for path, text in self._bench.files.items()]
        steps = (*self._made, *new, *self._edits(paths, splices), *self._seals(changed))
        self._mended += self._texts
        self._sops.opened += [one for one in after if one.kind == "Secret" and one.origin.path in self._sealed]
        count = len({f.fingerprint for one in self._mended for f in one.findings})
        plan = Plan(
            tool=f"strongroom {strongroom.__version__}",
            created=facts.now.astimezone(UTC).isoformat(timespec="seconds"),
            key_id=key_id(self._request.key),
            summary=f"mend {plural(count, 'finding')} in {plural(len(steps), 'file')}",
            steps=steps,
            notes=tuple(self._notes),
        )
        fix = FixPlan(
            tool=plan.tool,
            sources=self._request.sources,
            created=plan.created,
            root=root,
            mended=tuple(self._mended),
            offered=tuple(self._offers.offered),
            left=tuple(self._offers.left(self._undone(report.findings))),
            exposed=exposed(report.findings),
            plan=plan,
            views=tuple(preview(plan, self._root, context)),
            notes=tuple(self._notes),
            to_do=self._to_do(),
        )
        return Planned(fix, report, self._known, containers, tuple(self._sops.opened))

    def _groups(self, fix: Fix, findings: Iterable[Finding]) -> Iterator[tuple[Resource, list[Finding]]]:
        groups: dict[tuple[object, ...], tuple[Resource, list[Finding]]] = {}
        for finding in findings:
            if finding.id not in fix.checks or not self._is_wanted(finding):
                continue
            resource = self._bench.resource(finding)
            if resource is None:
                self._offers.leave([finding], "")
                continue
            key = (id(resource), "" if fix.together else finding.fingerprint)
            groups.setdefault(key, (resource, []))[1].append(finding)
        yield from groups.values()

    def _is_wanted(self, finding: Finding) -> bool:
        return finding.fingerprint not in self._refused and self._is_asked(finding)

    def _is_asked(self, finding: Finding) -> bool:
        ids = self._wanted.ids
        return not ids or finding.id in ids or any(finding.fingerprint.startswith(one) for one in ids)

    def _adopt(self, attempt: Bench, mending: Mending) -> bool:
        """Take a change over if the files can be edited to say it; return False where they cannot."""
        bench, touched = self._bench.with_changes(attempt)
        try:
            for path in touched:
                self._files.refuse_unfit(bench, path)
        except Unfit as unfit:
            self._offers.leave(mending.findings, str(unfit))
            return False
        self._bench = bench
        self._losses.keep(mending, attempt.drafts)
        self._mended.append(msgspec.structs.replace(mending, files=tuple(sorted(touched))))
        return True

    def _edits(self, paths: Iterable[str], splices: Mapping[str, Sequence[Splice]]) -> Iterator[PlanStep]:
        for path in paths:
            if splices[path]:
                yield self._step(path, splices[path])

    def _seals(self, changed: Mapping[str, bytes]) -> Iterator[PlanStep]:
        for path in self._sealed:
            why = [
                f.fingerprint for one in self._mended for f in one.findings if f.origin.path == path and f.id == _PLAIN
            ]
            yield self._sops.over(path, changed[path], why)

    def _step(self, path: str, splices: Sequence[Splice]) -> PlanStep:
        here = [one for one in self._mended if path in one.files and not one.title.startswith(_SEALS)]
        titles = list(dict.fromkeys(one.title for one in here))
        more = f"; and {len(titles) - _TITLES} more" if len(titles) > _TITLES else ""
        why = dict.fromkeys(finding.fingerprint for one in here for finding in one.findings)
        unsafe = "; ".join(dict.fromkeys(one.unsafe for one in here if one.unsafe))
        try:
            title = "; ".join(titles[:_TITLES] or ["list the new files"]) + more
            return self._files.step(path, splices, self._known.facts, title, tuple(why), unsafe)
        except Unfit as unfit:
            raise _unplanned(path, unfit) from None

    def _splices(self, path: str) -> Sequence[Splice]:
        try:
            return self._files.splices(self._bench, path)
        except Unfit as unfit:
            raise _unplanned(path, unfit) from None

    def _to_do(self) -> tuple[str, ...]:
        done, fixed = {(one.namespace, one.name) for one in self._sops.opened}, self._losses.fixed(self._bench.drafts)
        stores = self._instead.to_do if isinstance(self._instead, ExternalBodies) else {}
        return (*(what for key, what in stores.items() if key in done), *self._by_hand, *fixed)

    def _undone(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        done = {f.fingerprint for one in (*self._mended, *self._offers.offered) for f in one.findings}
        yield from (one for one in findings if one.fingerprint not in done and self._is_asked(one))


def _unplanned(path: str, unfit: Unfit) -> PlanError:
    return PlanError(f"{path} cannot be planned: {unfit}", hint="mend it by hand; --only mends the others meanwhile")


def _by_object(findings: Iterable[Finding]) -> dict[ResourceId | None, list[Finding]]:
    found: dict[ResourceId | None, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.resource, []).append(finding)
    return found
