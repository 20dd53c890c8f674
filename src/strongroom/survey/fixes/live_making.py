"""One plan for a running cluster in the making: fixes worked on its objects, and the steps that they come to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from strongroom.access.minimise import minimise
from strongroom.access.world import World
from strongroom.crypto.plan_values import seal
from strongroom.documents.wanted import GONE, Unfit, resolved
from strongroom.errors import PlanError
from strongroom.inventory.effective import effective, lost
from strongroom.inventory.join import build
from strongroom.model.facts import Facts
from strongroom.model.finding import Finding
from strongroom.model.fix import Mending
from strongroom.model.minimise import Smaller
from strongroom.model.origin import Origin
from strongroom.model.place import Nature
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import CreateObject, DeleteObject, ObjectChange, PatchObject, PlanStep, Sealed
from strongroom.model.resource import Resource, dig
from strongroom.plans.objects import looked_at, whole
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.sources.objects import objects_in
from strongroom.survey.fixes.live_edits import field_edits, refuse_values, written
from strongroom.survey.fixes.live_objects import LiveObjects, was_applied
from strongroom.survey.fixes.live_rollout import rollout
from strongroom.survey.fixes.making import ROLE_CHECKS
from strongroom.survey.fixes.offers import Offers, settled
from strongroom.survey.fixes.wanted import Wanted
from strongroom.survey.run import Known, Request

_ROLLS = "its pods are replaced by new ones at once"
_ROLLED = ("Deployment", "StatefulSet", "DaemonSet")
_UNSAFE_ROLE = "a program that reads Secrets through the API without being told their names would be refused"
_APPLIED = "{} was applied from a manifest: change that too, or the next time brings it back"
_MADE = "the plan would change what {} is given ({}): it was not made"
_FIRST, _LAST = ("Namespace", "ServiceAccount", "Secret", "Role", "ClusterRole"), ("ConfigMap",)
_CHANGED = len(_FIRST) + 1
_SHORTEST_VALUE = 6
"""Characters: a shorter value is found in any text by chance."""


def placed(known: Known) -> tuple[Facts, dict[tuple[str, int], str]]:
    """Return the facts of a cluster as if each object stood in a file of its own, and these files by object."""
    paths = {
        (one.origin.source, one.origin.document): f"{one.group or 'core'}/{one.kind}/{one.namespace}/{one.name}"
        for one in known.facts.resources
        if not one.origin.field
    }

    def there(origin: Origin) -> Origin:
        path = paths.get((origin.source, origin.document), "")
        return msgspec.structs.replace(origin, path=path, document=0, object="") if path else origin

    replace = msgspec.structs.replace
    facts = known.facts
    return build(
        [replace(one, origin=there(one.origin)) for one in facts.resources],
        [replace(one, origin=there(one.origin)) for one in facts.sightings],
        facts.files,
        facts.settings,
        facts.now,
        facts.pods,
        known.reading.gaps,
        known.reading.host_files,
        known.reading.stores,
    ), paths


class LiveMaking:
    """One plan for a cluster in the making.

    Args:
        known: what the cluster says.
        request: what the audit was asked.
        wanted: what the user wants.
        objects: reads objects whole.

    Attributes:
        mended: what the plan does.
        offers: what it does not.
        notes, to_do: as in `FixPlan`.
        opened: the Secrets that it makes, with their values.
    """

    def __init__(self, known: Known, request: Request, wanted: Wanted, objects: LiveObjects) -> None:
        self._request, self._wanted, self._objects = request, wanted, objects
        self._facts, self._paths = placed(known)
        self._by_path = {one.origin.path: one for one in self._facts.resources if not one.origin.field}
        self._bench = Bench(self._facts, self._bodies, self._fingerprint, wanted.reads_files)
        self._limited: set[object] = set()
        self._titles: dict[str, list[Mending]] = {}
        self.offers = Offers(self._facts, wanted)
        self.mended: list[Mending] = []
        self.notes: dict[str, None] = {}
        self.to_do: dict[str, None] = {}
        self.opened: list[Resource] = []

    def _bodies(self, path: str) -> Mapping[int, Any]:
        if path not in self._by_path:
            raise Unfit("it is no object of the cluster")
        return {0: self._objects.body(self._by_path[path])}

    def _fingerprint(self, text: str) -> Any:
        return Plaintext(text).fingerprint(self._request.key)

    def _seal(self, text: str) -> Sealed:
        return seal(Plaintext(text), self._request.key)

    def is_wanted(self, finding: Finding) -> bool:
        """Tell whether a finding is to be mended."""
        ids = self._wanted.ids
        return not ids or finding.id in ids or any(finding.fingerprint.startswith(one) for one in ids)

    def _placed(self, finding: Finding) -> Finding:
        origin = finding.origin
        path = self._paths.get((origin.source, origin.document), "")
        if not path:
            return finding
        return msgspec.structs.replace(
            finding, origin=msgspec.structs.replace(origin, path=path, document=0, object="")
        )

    def mend(self, fix: Fix, findings: Iterable[Finding]) -> None:
        """Make the changes of one kind of fix."""
        groups: dict[tuple[object, ...], tuple[Resource, list[Finding]]] = {}
        for finding in findings:
            if finding.id not in fix.checks or not self.is_wanted(finding):
                continue
            resource = self._bench.resource(self._placed(finding))
            if resource is None:
                self.offers.leave([finding], "")
                continue
            key = (id(resource), "" if fix.together else finding.fingerprint)
            groups.setdefault(key, (resource, []))[1].append(finding)
        for resource, found in groups.values():
            left: Sequence[Finding] = found
            while left:
                done = self._try(left, partial(fix.mend, [self._placed(one) for one in left], resource))
                left = [finding for finding in left if finding not in done]

    def _try(self, found: Sequence[Finding], mend: Callable[[Bench], Outcome]) -> Sequence[Finding]:
        attempt = self._bench.attempt()
        try:
            outcome = mend(attempt)
            bench, touched = self._bench.with_changes(attempt)
            self._require_edits(bench, touched)
        except Unfit as unfit:
            outcome = Left(str(unfit))
        if isinstance(outcome, Left):
            self.offers.leave(found, outcome.why)
            return found
        outcome = self._with_risk(outcome, bench, touched)
        found = settled(outcome, found)
        if self.offers.offer(outcome, found):
            return found
        self._bench = bench
        self._take(Mending(outcome.title, tuple(found), unsafe=self.offers.risk(outcome)), touched)
        self.notes.update(dict.fromkeys(outcome.notes))
        self.to_do.update(dict.fromkeys(outcome.to_do))
        return found

    def _take(self, mending: Mending, touched: Iterable[str]) -> None:
        files = tuple(sorted(self._by_path[path].id.show() for path in touched if path in self._by_path))
        self.mended.append(msgspec.structs.replace(mending, files=files))
        for path in touched:
            self._titles.setdefault(path, []).append(mending)

    def _with_risk(self, outcome: Mended, bench: Bench, touched: Iterable[str]) -> Mended:
        rolled = [path for path in touched if self._rolls(bench, path)]
        if not rolled:
            return outcome
        names = ", ".join(sorted(self._by_path[path].id.show() for path in rolled))
        unsafe = "; ".join(one for one in (outcome.unsafe, f"{names}: {_ROLLS}") if one)
        return msgspec.structs.replace(outcome, unsafe=unsafe, unseen=False)

    def _rolls(self, bench: Bench, path: str) -> bool:
        resource = self._by_path[path]
        draft = bench.drafts.get((path, 0))
        if resource.kind not in _ROLLED or draft is None:
            return False
        field = ("spec", "template")
        return draft is GONE or dig(draft, field) != dig(self._bodies(path)[0], field)

    def _require_edits(self, bench: Bench, touched: Iterable[str]) -> None:
        """Refuse what could not be planned, or would write down a value; raises Unfit."""
        if bench.files != self._bench.files:
            raise Unfit("it takes a file, and a cluster has none")
        values, clear = set[str](), list[Any]()
        for path in touched:
            values |= self._values(path)
            draft = bench.drafts.get((path, 0))
            if draft is not None and draft is not GONE:
                clear += [edit.value for edit in field_edits(self._bodies(path)[0], draft, self._seal)]
        for secret in bench.secrets.values():
            clear.append(written(secret.body(), self._seal, self._bodies(secret.path)[0]).value)
        for path, bodies in bench.added.items():
            for body in bodies:
                self._path_of(body, self._by_path[path])
                clear.append(body)
        refuse_values(clear, values)

    def _values(self, path: str) -> set[str]:
        """Return the values that stand in an object in the clear."""
        seen = [one for one in self._facts.sightings if one.origin.path == path and one.nature is Nature.SECRET]
        texts = {dig(self._bodies(path)[0], one.origin.field) for one in seen}
        return {text for text in texts if isinstance(text, str) and len(text) >= _SHORTEST_VALUE}

    def unlimited(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Yield the findings of roles that this plan does not limit already."""
        yield from (one for one in findings if one.resource not in self._limited)

    def limit_roles(self, findings: Iterable[Finding]) -> None:
        """Make roles smaller, as ``access minimise`` does."""
        asked = [one for one in findings if one.id in ROLE_CHECKS and self.is_wanted(one)]
        if not asked:
            return
        found = minimise(World(self._facts))
        smaller = {one.role.resource.id: one for one in found.smaller}
        left = {one.role: one.why for one in found.left}
        for role in dict.fromkeys(one.resource for one in asked):
            its = [one for one in asked if one.resource == role]
            one = smaller.get(role) if role else None
            if one is None:
                self.offers.leave(its, left.get(role, "") if role else "")
                continue

            self._limited.add(role)
            self._try(its, partial(_limit, one))

    def steps(self) -> tuple[PlanStep, ...]:
        """Return the steps: what is new first, what other objects took values from last, deletions at the end."""
        made = [*self._created()]
        changed = [self._changed(path, draft) for (path, _), draft in self._bench.drafts.items()]
        steps = sorted([*made, *(one for one in changed if one is not None)], key=_order)
        first = next((n for n, one in enumerate(steps) if _order(one) >= _CHANGED), len(steps))
        takes = next((n for n, one in enumerate(steps) if _order(one) > _CHANGED), len(steps))
        if not any(self._rolls(self._bench, path) for path, _ in self._bench.drafts):
            return tuple(steps)
        back, forth = [self._wait(back=True)][: bool(first)], [self._wait(back=False)][: takes < len(steps)]
        return (*steps[:first], *back, *steps[first:takes], *forth, *steps[takes:])

    def _wait(self, *, back: bool) -> PlanStep:
        """Return the step that waits for new pods: what the others use is taken away behind it."""
        some = [self._by_path[path] for path, _ in self._bench.drafts if self._rolls(self._bench, path)]
        names = {self._objects.path(one.group, one.kind, one.namespace, one.name): one.id.show() for one in some}
        title = "on the way back, wait until the pods run as before" if back else "wait until the pods run as changed"
        return PlanStep(title, rollout(self._objects.cluster, names, back=back))

    def refuse_loss(self) -> int:
        """Refuse a plan by which a container gets something else than before; return how many were compared.

        Raises:
            PlanError: one does.
        """
        before, after = [], [*self.opened]
        for resource in self._facts.resources:
            draft = self._bench.drafts.get((resource.origin.path, 0))
            if draft is None or resource.origin.field or resource.kind == "Secret":
                before.append(resource)
                after += [] if draft is GONE else [resource]
                continue
            body = self._bodies(resource.origin.path)[0]
            before.append(msgspec.structs.replace(resource, body=body))
            if draft is not GONE:
                after.append(msgspec.structs.replace(resource, body=resolved(draft, body, {0: body})))
        may = {f.resource for one in self.mended if one.unsafe for f in one.findings}
        given = effective(before)
        for one, what in lost(given, effective(after)):
            if one not in may:
                raise PlanError(_MADE.format(one.show(), what), hint="name the findings to mend, without this one")
        return len(given)

    def _created(self) -> Iterator[PlanStep]:
        for secret in self._bench.secrets.values():
            if secret.values:
                yield self._create(secret.body(), secret.beside, secret.path)
                self.opened += self._in_plain(secret.body(), secret.beside)
        for path, bodies in self._bench.added.items():
            for body in bodies:
                yield self._create(body, self._by_path[path], path)

    def _create(self, body: dict[str, Any], beside: Resource, path: str) -> PlanStep:
        where, name = self._path_of(body, beside)
        value, holes = written(body, self._seal, self._bodies(path)[0])
        change = CreateObject(self._objects.cluster, where, name, value, holes)
        return PlanStep(f"make {name}", change, self._why(path), self._unsafe(path))

    def _changed(self, path: str, draft: Any) -> PlanStep | None:
        resource, before = self._by_path[path], self._bodies(path)[0]
        where = self._objects.path(resource.group, resource.kind, resource.namespace, resource.name)
        name, cluster = resource.id.show(), self._objects.cluster
        change: ObjectChange
        if draft is GONE:
            change = DeleteObject(cluster, where, name, whole(self._objects.whole(where), self._request.key))
        else:
            edits = tuple(field_edits(before, draft, self._seal))
            if not edits:
                return None
            change = PatchObject(cluster, where, name, looked_at(before, edits, self._request.key), edits)
        if was_applied(before):
            self.notes[_APPLIED.format(name)] = None
        titles = dict.fromkeys(one.title for one in self._titles.get(path, ()))
        return PlanStep("; ".join(titles) or f"change {name}", change, self._why(path), self._unsafe(path))

    def _why(self, path: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(f.fingerprint for one in self._titles.get(path, ()) for f in one.findings))

    def _unsafe(self, path: str) -> str:
        return "; ".join(dict.fromkeys(one.unsafe for one in self._titles.get(path, ()) if one.unsafe))

    def _path_of(self, body: Mapping[str, Any], beside: Resource) -> tuple[str, str]:
        group, slash, _ = str(body["apiVersion"]).rpartition("/")
        metadata = body["metadata"]
        namespace = metadata.get("namespace") or beside.namespace
        name, kind = metadata["name"], str(body["kind"])
        where = self._objects.path(group if slash else "", kind, namespace, name)
        return where, f"{kind} {namespace}/{name}" if "/namespaces/" in where else f"{kind} {name}"

    def _in_plain(self, body: dict[str, Any], beside: Resource) -> Iterator[Resource]:
        plain = resolved(body, None, {0: self._bodies(beside.origin.path)[0]})
        yield from objects_in(plain, Origin(self._request.sources[0], "", 0))


def _limit(one: Smaller, bench: Bench) -> Outcome:
    bench.body(one.role.resource)["rules"] = one.all_rules
    for body in (body for beside in one.beside for body in beside.bodies()):
        bench.add(one.role.resource, body)
    return Mended(f"limit {one.role.resource.id.show()}: {'; '.join(one.does)}", _UNSAFE_ROLE, notes=one.open)


def _order(step: PlanStep) -> int:
    change = step.change
    if isinstance(change, CreateObject):
        kind = str(change.body["kind"])
        return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)
    if isinstance(change, DeleteObject):
        return _CHANGED + 2
    last = isinstance(change, PatchObject) and change.name.partition(" ")[0] in _LAST
    return _CHANGED + (1 if last else 0)
