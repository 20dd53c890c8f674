"""From a backup and a cluster to the plan of a restore."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import strongroom
from strongroom.atrest import backup_records, backup_restoring
from strongroom.atrest.backup_changes import Decision, Rules, Wanted, decided, notes, selected, wanted
from strongroom.atrest.backup_restoring import Standing
from strongroom.atrest.backup_secrets import BackedSecret, Place
from strongroom.errors import UsageError
from strongroom.kube import whole_secrets
from strongroom.kube.client import Client
from strongroom.kube.connection import IN_CLUSTER, Asked, connect
from strongroom.model.plan import Plan, PlanStep, RunProcedure
from strongroom.survey.at_rest.backup import Open, ask
from strongroom.survey.at_rest.restore import NAME, Restore, arguments

_ID_BYTES = 16


class Target(NamedTuple):
    """Where a backup is restored, and how.

    Attributes:
        asked: the cluster.
        rules: what is restored, and how it is laid over what is there.
        create_namespaces: make those that are missing.
        key: the fingerprint key.
        key_file: the file of it; None for this installation's own.
    """

    asked: Asked
    rules: Rules
    create_namespaces: bool
    key: bytes
    key_file: str | None


class Planned(NamedTuple):
    """A plan, and what it leaves alone.

    Attributes:
        plan: without steps where there is nothing to do.
        restore: the arguments of its one step; None where there is none.
        unchanged: how many Secrets are there already.
        skipped: which are left alone, and why.
    """

    plan: Plan
    restore: Restore | None
    unchanged: int
    skipped: tuple[tuple[Place, str], ...]


class _Cluster(NamedTuple):
    """What a plan needs to know of a cluster."""

    id: str
    there: Standing
    accounts: Mapping[Place, str]
    missing: tuple[str, ...]


def planned(backup: Open, path: Path, target: Target, key_id: str) -> Planned:
    """Read a backup to its end, look at the cluster, and plan.

    Raises:
        TamperedError: the backup is not whole.
        UsageError: nothing is selected, Secrets are there and differ, or a namespace is missing.
        ClusterError: the cluster could not be asked.
    """
    wishes = _wishes(backup, target)
    cluster = ask(target.asked, lambda client: _look(client, wishes, target.key))
    decisions = [
        (one, decided(one, cluster.there.get(one.place), target.rules.on_conflict, cluster.accounts.get(one.place, "")))
        for one in wishes
    ]
    _refuse_conflicts([one.place for one, decision in decisions if decision.conflict])
    changes = tuple(decision.change for _, decision in decisions if decision.change is not None)
    new = tuple(name for name in cluster.missing if any(change.place.namespace == name for change in changes))
    if new and not target.create_namespaces:
        several = "namespaces are" if len(new) > 1 else "namespace is"
        raise UsageError(
            f"{len(new)} {several} missing: {', '.join(new)}",
            hint="--create-namespaces makes them, --namespace OLD=NEW maps them",
        )
    restore = None
    if changes:
        restore = Restore(
            id=secrets.token_hex(_ID_BYTES),
            backup=str(path.absolute()),
            digest=backup.front.digest,
            cluster=cluster.id,
            context=_context(target.asked),
            kubeconfig=_absolute(target.asked.kubeconfig),
            key_file=_absolute(target.key_file),
            key_id=key_id,
            namespaces=new,
            changes=changes,
        )
    return Planned(
        _plan(restore, path, key_id, notes([one for one, decision in decisions if decision.change is not None])),
        restore,
        sum(decision.unchanged for _, decision in decisions),
        _skipped(decisions),
    )


def _wishes(backup: Open, target: Target) -> list[Wanted]:
    """Return what is selected, each with its place.

    Raises:
        UsageError: a pattern or a namespace that is mapped meets nothing, or two would come to the same place.
    """
    found: dict[Place, Wanted] = {}
    rules = target.rules
    records = backup_records.records(backup.contents(), backup.name)
    for record in records:
        if not isinstance(record, BackedSecret) or not selected(record.place, rules):
            continue
        one = wanted(record, rules, target.key)
        if one.place in found:
            raise UsageError(f"{found[one.place].origin} and {one.origin} would both be restored as {one.place}")
        found[one.place] = one
    if not found:
        raise UsageError(f"{backup.name} holds no Secret that is selected")
    origins = [one.origin for one in found.values()]
    for pattern in rules.select:
        if not any(selected(place, Rules((pattern,))) for place in origins):
            raise UsageError(f"{backup.name} holds no Secret that {pattern} selects")
    # Where a name is mistyped, its Secrets would go to where they came from.
    for name in sorted(set(rules.namespaces) - {place.namespace for place in origins}):
        raise UsageError(
            f"{backup.name} holds no Secret of namespace {name} that is selected", hint="--namespace OLD=NEW"
        )
    return list(found.values())


async def _look(client: Client, wishes: Sequence[Wanted], key: bytes) -> _Cluster:
    there = await backup_restoring.standing(client, (one.place for one in wishes), key)
    accounts = {
        one.place: await whole_secrets.account_uid(client, one.place.namespace, one.account)
        for one in wishes
        if one.account and (one.place not in there or there[one.place].digests != one.digests)
    }
    occupied = {place.namespace for place in there}
    names = sorted({one.place.namespace for one in wishes} - occupied)
    missing = tuple([name for name in names if not await whole_secrets.has_namespace(client, name)])
    return _Cluster(await whole_secrets.cluster_id(client), there, accounts, missing)


def _refuse_conflicts(places: list[Place]) -> None:
    if places:
        raise UsageError(
            f"{backup_restoring.named(places)} in the cluster already, and not as in the backup",
            hint="--on-conflict skip, replace or newer says what becomes of them; "
            "strongroom at-rest backup verify FILE --against cluster names all",
        )


def _plan(restore: Restore | None, path: Path, key_id: str, said: list[str]) -> Plan:
    count = len(restore.changes) if restore is not None else 0
    title = f"restore {count:,} Secret{'' if count == 1 else 's'} from {path.name}"
    steps = () if restore is None else (PlanStep(title, RunProcedure(NAME, arguments(restore))),)
    return Plan(
        tool=f"strongroom {strongroom.__version__}",
        created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        key_id=key_id,
        summary=title,
        steps=steps,
        notes=tuple(said) if count else (),
    )


def _skipped(decisions: Iterable[tuple[Wanted, Decision]]) -> tuple[tuple[Place, str], ...]:
    return tuple((one.place, decision.skipped) for one, decision in decisions if decision.skipped)


def _context(asked: Asked) -> str:
    """Return the context by its name: the current one may be another when the plan is done."""
    name = connect(asked).context
    return "" if name == IN_CLUSTER else name


def _absolute(path: str | None) -> str | None:
    return None if path is None else str(Path(path).absolute())
