"""Bring Secrets of a backup into a cluster, and go back on it. Each part may be done again after it was killed.

How far a run came is seen in the cluster, by the digests of `strongroom.atrest.backup_changes`; nothing is written
before what is there was kept and the server tried everything (``dryRun=All``).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from strongroom.atrest.backup_changes import Change, Seen, State, seen, state
from strongroom.atrest.backup_kept import Kept
from strongroom.atrest.backup_secrets import BackedSecret, Place, digests, of_object, of_page, restorable
from strongroom.errors import AnswerError, PlanError
from strongroom.kube import whole_secrets
from strongroom.kube.client import Client

_Item = TypeVar("_Item")
_FEW = 32  # so many Secrets are read one by one, and not with their whole namespaces
_AT_ONCE = 8
_NAMED = 5
_TOLD_SECONDS = 5.0
_AGAIN = "make the plan again"

Standing = dict[Place, Seen]
"""What is there, by place."""


class Work(NamedTuple):
    """A restore.

    Attributes:
        client: the cluster.
        changes: what is brought.
        key: the fingerprint key.
        told: takes lines for people.
    """

    client: Client
    changes: Sequence[Change]
    key: bytes
    told: Callable[[str], None]


async def standing(client: Client, places: Iterable[Place], key: bytes) -> Standing:
    """Return what is there now of some places.

    Raises:
        ClusterError: it could not be read.
    """
    asked = sorted(set(places))
    return {secret.place: seen(secret, key) async for secret in _at(client, asked)}


async def _at(client: Client, places: Sequence[Place]) -> AsyncIterator[BackedSecret]:
    """Yield the Secrets at some places; a list that is begun again yields some twice."""
    if len(places) <= _FEW:
        for place in places:
            found = await whole_secrets.read(client, *place)
            if found is not None:
                yield of_object(msgspec.json.decode(found.reveal()))
        return
    asked = frozenset(places)
    async for page in whole_secrets.pages(client, sorted({place.namespace for place in places})):
        for secret in of_page(page):
            if secret.place in asked:
                yield secret


async def try_out(work: Work, secrets: Iterable[BackedSecret], new_namespaces: Sequence[str]) -> None:
    """Have the server try every change, without doing it; none was begun.

    Args:
        work: the restore.
        secrets: those of the backup; others among them are left out.
        new_namespaces: what goes there cannot be tried.

    Raises:
        PlanError: the server refuses one, or somebody else wrote one.
        ClusterError: it could not be asked.
    """
    there = await _there(work)
    # Nothing is done yet: what looks done was done by somebody else, and going back would take it away.
    others = [change.place for change in work.changes if state(change, there.get(change.place)) is not State.BEFORE]
    if others:
        raise _others(others)
    possible = [change for change in work.changes if change.place.namespace not in new_namespaces]

    async def act(found: tuple[Change, BackedSecret]) -> None:
        change, secret = found
        await _bring(work, change, secret, there.get(change.place), dry_run=True)

    await _each(_matched(possible, secrets, work.key), act, _told(work, "tried", len(possible)))


async def held(work: Work) -> AsyncIterator[BackedSecret]:
    """Yield what will be replaced, to be kept; it is read now, and must be what the plan was made for.

    Raises:
        PlanError: it is not.
        ClusterError: it could not be read.
    """
    missing = {change.place: change.before for change in work.changes if change.before is not None}
    async for secret in _at(work.client, sorted(missing)):
        before = missing.pop(secret.place, None)
        if before is None:
            continue
        if digests(secret.decoded(), work.key) != before.digests:
            raise PlanError(f"{named([secret.place])} not as when the plan was made", hint=_AGAIN)
        yield secret
    if missing:
        raise PlanError(f"{named(sorted(missing))} not there any more", hint=_AGAIN)


async def bring(work: Work, secrets: Iterable[BackedSecret], new_namespaces: Sequence[str]) -> None:
    """Do every change that is not done. What is there was kept before, and everything tried.

    Args:
        work: the restore.
        secrets: those of the backup.
        new_namespaces: made where they are missing.

    Raises:
        PlanError: somebody else wrote one, the server refuses one, or one was written at the same moment.
        ClusterError: it could not be asked.
    """
    there = await _there(work)
    open_ = _open(work, there, State.AFTER)
    for name in new_namespaces:
        await whole_secrets.create_namespace(work.client, name)

    async def act(found: tuple[Change, BackedSecret]) -> None:
        change, secret = found
        await _bring(work, change, secret, there.get(change.place))

    await _each(_matched(open_, secrets, work.key), act, _told(work, "restored", len(open_)))


async def check_done(work: Work) -> None:
    """Return where every change is done.

    Raises:
        PlanError: one is not.
        ClusterError: it could not be read.
    """
    there = await _there(work)
    missing = [change.place for change in work.changes if state(change, there.get(change.place)) is not State.AFTER]
    if missing:
        raise PlanError(f"{named(missing)} not as in the backup", hint="strongroom plan resume goes on")


async def go_back(work: Work, kept: Kept) -> None:
    """Delete what was made, and put back what was replaced, as far as it was done.

    What was replaced, and deleted by somebody else since, is put back too, for what was kept of it would be lost
    otherwise; that is said, and done after all others, so that one that cannot come back holds none of them up.

    Raises:
        PlanError: somebody else wrote one since, and going back would lose that; what was kept cannot be read.
        ClusterError: it could not be done.
    """
    if not kept.is_there():
        return  # nothing was written
    check_kept(work.changes, kept, work.key)
    there = await _there(work)
    open_ = _open(work, there, State.BEFORE)
    made = [change for change in open_ if change.do == "create"]
    old = {change.place: change for change in open_ if change.do != "create"}
    # Where a change deletes by itself, nobody else need have done it.
    gone = [place for place, change in old.items() if place not in there and change.do == "replace"]
    if gone:
        work.told(f"{named(gone)} not there any more, deleted since by somebody else; what was there before comes back")

    async def delete(change: Change) -> None:
        now = there[change.place]
        await _guarded(work, change, State.BEFORE, _delete(work, change.place, now))

    async def put_back(secret: BackedSecret) -> None:
        change = old[secret.place]
        await _guarded(work, change, State.BEFORE, _put_back(work, secret, there.get(secret.place), change))

    await _each(made, delete, _told(work, "deleted", len(made)))
    for places in (old.keys() & there.keys(), old.keys() - there.keys()):
        mine = (secret for secret in kept.load() if secret.place in places)
        await _each(mine, put_back, _told(work, "put back", len(places)))
    kept.drop()


def check_kept(changes: Sequence[Change], kept: Kept, key: bytes) -> None:
    """Return where what was kept is, whole, what these changes replace.

    Raises:
        PlanError: it is not, or cannot be read.
    """
    wanted = {change.place: change.before.digests for change in changes if change.before is not None}
    if {secret.place: digests(secret.decoded(), key) for secret in kept.load()} != wanted:
        raise PlanError("what is here to go back was kept for another restore", hint="was the plan edited?")


def named(places: Sequence[Place]) -> str:
    """Return Secrets as the subject of a sentence, with its verb."""
    first = ", ".join(map(str, places[:_NAMED]))
    more = f" and {len(places) - _NAMED:,} more" if len(places) > _NAMED else ""
    return f"{'Secret' if len(places) == 1 else 'Secrets'} {first}{more} {'is' if len(places) == 1 else 'are'}"


async def _there(work: Work) -> Standing:
    return await standing(work.client, (change.place for change in work.changes), work.key)


def _open(work: Work, there: Standing, end: State) -> list[Change]:
    """Return the changes that have not come to an end.

    Raises:
        PlanError: somebody else wrote what one would change.
    """
    states = [(change, state(change, there.get(change.place))) for change in work.changes]
    back = end is State.BEFORE
    # On the way back nothing is lost where nothing is.
    others = [change.place for change, now in states if now is State.OTHER and not (back and change.place not in there)]
    if others:
        raise _others(others, going_back=back)
    return [change for change, now in states if now is not end]


def _others(places: Sequence[Place], *, going_back: bool = False) -> PlanError:
    lost = "going back would lose that: keep it elsewhere and delete it there, then what was there before can come back"
    hint = lost if going_back else f"somebody else wrote there; {_AGAIN}"
    return PlanError(f"{named(places)} not as when the plan was made", hint=hint)


def _matched(
    changes: Sequence[Change], secrets: Iterable[BackedSecret], key: bytes
) -> Iterator[tuple[Change, BackedSecret]]:
    """Yield each change with its Secret of the backup.

    Raises:
        PlanError: one is not there, or is not what the plan says.
    """
    missing = {change.origin: change for change in changes}
    for secret in secrets:
        change = missing.pop(secret.place, None)
        if change is None:
            continue
        if digests(restorable(secret.decoded(), change.place.namespace), key) != change.wanted:
            raise PlanError("the plan does not lead where it says", hint="make it again")
        yield change, secret
    if missing:
        raise PlanError(f"{named(sorted(missing))} not in the backup", hint=_AGAIN)


async def _bring(work: Work, change: Change, secret: BackedSecret, now: Seen | None, *, dry_run: bool = False) -> None:
    body = restorable(secret.decoded(), change.place.namespace)
    await _guarded(work, change, State.AFTER, _sent(work, change, body, now, dry_run=dry_run))


async def _sent(work: Work, change: Change, body: dict[str, Any], now: Seen | None, *, dry_run: bool) -> None:
    client = work.client
    if change.do in ("replace", "freeze") and now is not None:
        metadata = {**body["metadata"], **now.kept, "resourceVersion": now.version}
        await whole_secrets.replace(client, {**body, "metadata": metadata}, dry_run=dry_run)
        return
    if now is not None:
        await _make_way(client, change.place, now, dry_run=dry_run)
        if dry_run:
            return  # the new one cannot be tried while the old one is there
    await whole_secrets.create(client, body, dry_run=dry_run)


async def _delete(work: Work, place: Place, now: Seen) -> None:
    await whole_secrets.delete(work.client, *place, now.uid, now.version)


async def _make_way(client: Client, place: Place, now: Seen, *, dry_run: bool = False) -> None:
    if now.kept.get("finalizers"):
        raise PlanError(
            f"Secret {place} has finalizers: it would be gone only when they are, and nothing can be made in its place",
            hint="whoever set them takes them away",
        )
    await whole_secrets.delete(client, *place, now.uid, now.version, dry_run=dry_run)


async def _put_back(work: Work, secret: BackedSecret, now: Seen | None, change: Change) -> None:
    old = secret.decoded()
    body = restorable(old, secret.place.namespace)
    if now is not None and change.do == "replace":
        metadata = {**body["metadata"], **now.kept, "resourceVersion": now.version}
        await whole_secrets.replace(work.client, {**body, "metadata": metadata})
        return
    if now is not None:
        await _make_way(work.client, secret.place, now)
    # The same cluster, a moment later: who owned it owns it again.
    kept = {name: old["metadata"][name] for name in ("ownerReferences", "finalizers") if old["metadata"].get(name)}
    try:
        await whole_secrets.create(work.client, {**body, "metadata": {**body["metadata"], **kept}})
    except AnswerError as error:
        if error.status != whole_secrets.MISSING:
            raise
        raise PlanError(
            f"Secret {secret.place} cannot come back: there is no namespace {secret.place.namespace} any more",
            hint="make the namespace, and go on; what nobody deleted is as it was before already",
        ) from None


async def _guarded(work: Work, change: Change, end: State, request: Awaitable[None]) -> None:
    """Do a request; one that is refused since it was done before (an answer was lost) is fine.

    Raises:
        PlanError: it was refused.
    """
    try:
        await request
    except AnswerError as error:
        if error.status != whole_secrets.CONFLICT:
            raise PlanError(f"Secret {change.place} could not be written: {error.message}", hint=error.hint) from None
        now = await standing(work.client, [change.place], work.key)
        if state(change, now.get(change.place)) is not end:
            raise PlanError(
                f"Secret {change.place} was written by somebody else at the same moment", hint="strongroom plan resume"
            ) from None


def _told(work: Work, what: str, total: int) -> Callable[[int], None]:
    return lambda count: work.told(f"{what} {count:,} of {total:,} Secrets")


async def _each(items: Iterable[_Item], act: Callable[[_Item], Awaitable[None]], told: Callable[[int], None]) -> None:
    """Act on every item, some at once; the first that fails ends it, when those that were begun have come to an end."""
    running: set[asyncio.Task[None]] = set()
    count, at = 0, time.monotonic()

    async def one(item: _Item) -> None:
        await act(item)

    try:
        for item in items:
            running.add(asyncio.create_task(one(item)))
            if len(running) < _AT_ONCE:
                continue
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            count += len(done)
            if time.monotonic() - at >= _TOLD_SECONDS:
                at = time.monotonic()
                told(count)
        for task in running:
            await task
    finally:
        await asyncio.gather(*running, return_exceptions=True)
