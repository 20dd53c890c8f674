"""The procedure that restores Secrets of a backup: a step of a plan, which names everything and holds no value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from strongroom.atrest import backup_records, backup_restoring
from strongroom.atrest.backup_changes import Change
from strongroom.atrest.backup_kept import Kept
from strongroom.atrest.backup_restoring import Work
from strongroom.atrest.backup_secrets import BackedSecret, is_name
from strongroom.errors import PlanError
from strongroom.keys.process import context
from strongroom.kube import whole_secrets
from strongroom.kube.client import Client
from strongroom.kube.connection import Asked, connect
from strongroom.model.procedure import Arguments, Procedure, Told
from strongroom.plans.saved import key_id
from strongroom.survey import fingerprint_key
from strongroom.survey.at_rest.backup import Open, ask, drained, opened

NAME = "restore-secrets"

_ID = re.compile(r"[0-9a-f]{32}\Z", re.ASCII)
_SIGNS = {"create": "+", "replace": "~", "freeze": "~", "recreate": "~"}
_SAID = {
    "create": "",
    "replace": ", in the place of the one there",
    "freeze": ", in the place of the one there, and immutable",
    "recreate": ", the one there is deleted first",
}
_DIGITS = 8


class Restore(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of the procedure.

    Attributes:
        id: names this restore among others; 32 hexadecimal digits.
        backup: the file's absolute path.
        digest: what names its contents.
        cluster: the UID of the cluster's namespace kube-system; empty where that may not be read.
        context, kubeconfig: how the cluster is reached.
        key_file: the fingerprint key; this installation's, or the environment's, where it is None or not there.
        key_id: tells that key from others.
        namespaces: that are made.
        changes: what is restored.
    """

    id: str
    backup: str
    digest: str
    cluster: str
    context: str
    kubeconfig: str | None
    key_file: str | None
    key_id: str
    namespaces: tuple[str, ...]
    changes: tuple[Change, ...]

    @property
    def asked(self) -> Asked:
        """Return how the cluster is reached."""
        return Asked(self.context, self.kubeconfig)


class _Ready(NamedTuple):
    """A restore, and what it needs of this machine."""

    restore: Restore
    key: bytes
    kept: Kept
    told: Told

    def run(self, act: Any, *arguments: Any) -> None:
        """Open a session with the cluster, and do a part of the work there."""

        async def within(client: Client) -> None:
            await _check_cluster(client, self.restore)
            await act(Work(client, self.restore.changes, self.key, self.told), *arguments)

        ask(self.restore.asked, within)


def arguments(restore: Restore) -> dict[str, Any]:
    """Return the arguments as a plan has them."""
    found: dict[str, Any] = msgspec.to_builtins(restore)
    return found


def _said(given: Arguments) -> tuple[str, ...]:
    restore = _of(given)
    where = f"context {restore.context}" if restore.context else "the current context"
    head = f"from {restore.backup} (SHA-256 of its head {restore.digest[:16]}), in {where}"
    return (head, *(f"+ Namespace {name}" for name in restore.namespaces), *map(_line, restore.changes))


def _line(change: Change) -> str:
    origin = f", from {change.origin}" if change.origin != change.place else ""
    prints = f"fp:{change.wanted.whole[:_DIGITS]}"
    if change.before is not None:
        prints = f"fp:{change.before.digests.whole[:_DIGITS]} becomes {prints}"
    return f"{_SIGNS[change.do]} Secret {change.place}{origin}: {prints}{_SAID[change.do]}"


def _check(given: Arguments) -> None:
    restore = _of(given)
    with _file(restore):
        pass
    _ready(restore, _quiet).run(_nothing)


def _do(given: Arguments, told: Told) -> None:
    ready = _ready(_of(given), told)
    new = ready.restore.namespaces
    with _file(ready.restore) as backup:
        if not ready.kept.is_there():
            ready.run(backup_restoring.try_out, _secrets(backup), new)
            ready.kept.save(_held(ready))
        backup_restoring.check_kept(ready.restore.changes, ready.kept, ready.key)
        ready.run(backup_restoring.bring, _secrets(backup), new)


def _verify(given: Arguments) -> None:
    _ready(_of(given), _quiet).run(backup_restoring.check_done)


def _undo(given: Arguments, told: Told) -> None:
    ready = _ready(_of(given), told)
    ready.run(backup_restoring.go_back, ready.kept)
    for name in ready.restore.namespaces:
        told(f"Namespace {name} stays: something else may have come to stand in it")


def try_out(restore: Restore, told: Told) -> None:
    """Have the server try everything, and change nothing.

    Raises:
        PlanError: it refuses something.
        StrongroomError: the backup cannot be opened, the cluster not be asked.
    """
    with _file(restore) as backup:
        _ready(restore, told).run(backup_restoring.try_out, _secrets(backup), restore.namespaces)


PROCEDURE = Procedure(NAME, _said, _check, _do, _verify, _undo)
"""Restores Secrets; guarded by what was seen when the plan was made."""


@contextmanager
def _file(restore: Restore) -> Iterator[Open]:
    """Open the backup that was meant, and read it to its end: nothing is done with one that is not whole."""
    with opened(Path(restore.backup), context()) as backup:
        if backup.front.digest != restore.digest:
            raise PlanError(f"{backup.name} is not the one that the plan was made for", hint="make the plan again")
        for _ in _secrets(backup):
            pass
        yield backup


def _secrets(backup: Open) -> Iterator[BackedSecret]:
    for record in backup_records.records(backup.contents(), backup.name):
        if isinstance(record, BackedSecret):
            yield record


def _held(ready: _Ready) -> Iterator[BackedSecret]:
    async def secrets() -> Any:
        async with Client(connect(ready.restore.asked)) as client:
            await _check_cluster(client, ready.restore)
            async for secret in backup_restoring.held(Work(client, ready.restore.changes, ready.key, ready.told)):
                yield secret

    yield from drained(secrets)


def _ready(restore: Restore, told: Told) -> _Ready:
    named = restore.key_file
    key = fingerprint_key.load(named if named is not None and Path(named).is_file() else None)
    if key_id(key) != restore.key_id:
        raise PlanError(
            "the plan was made with another fingerprint key",
            hint=f"{fingerprint_key.VARIABLE} names the one that was used",
        )
    return _Ready(restore, key, Kept(fingerprint_key.state_folder() / "restores" / restore.id, key), told)


def _of(given: Arguments) -> Restore:
    """Read arguments, which may come from anybody.

    Raises:
        PlanError: they are not those of a restore.
    """
    try:
        found = msgspec.convert(dict(given), Restore)
    except msgspec.ValidationError:
        found = None
    if found is None or not _ID.match(found.id) or not all(map(is_name, _names(found))) or not _fits(found.changes):
        raise PlanError("what the plan says of a restore cannot be read", hint="make the plan again")
    return found


def _fits(changes: tuple[Change, ...]) -> bool:
    """Tell whether nothing is said twice, and only what is made anew has nothing before it."""
    places, origins = {change.place for change in changes}, {change.origin for change in changes}
    return len(places) == len(origins) == len(changes) and all(
        (change.do == "create") is (change.before is None) for change in changes
    )


async def _check_cluster(client: Client, restore: Restore) -> None:
    """Return where a session is with the cluster that the plan is for: a context may have come to mean another.

    Raises:
        PlanError: it is not.
    """
    if await whole_secrets.cluster_id(client) != restore.cluster:
        raise PlanError("the plan is for another cluster", hint="is this the right context?")


async def _nothing(_: Work) -> None:
    """Do nothing with a cluster but to find it."""


def _names(restore: Restore) -> Iterator[str]:
    """Yield the names that stand in URLs."""
    yield from restore.namespaces
    for change in restore.changes:
        yield from (*change.place, *change.origin)


def _quiet(_: str) -> None:
    """Tell nobody."""
