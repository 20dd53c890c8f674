"""The steps of a plan that change Kubernetes objects, one by one.

The object is read, and what the step looks at has to be as when the plan was made. The API server tries the change
(``dryRun=All``) and says what it leads to: the journal keeps the object as it was, and the digest of that. Then it is
done under the ``resourceVersion`` that was read. After a kill the next run sees by the digests whether it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec

from strongroom.errors import AnswerError, PlanError
from strongroom.kube import object_writer as writer
from strongroom.kube.client import Client
from strongroom.kube.connection import IN_CLUSTER, Asked, connect
from strongroom.model.plan import ABSENT, ClusterRef, CreateObject, DeleteObject, ObjectChange, PatchObject
from strongroom.plans.files import Contents
from strongroom.plans.journal import Event, Journal
from strongroom.plans.objects import difference, digest, edited, filled, owned, require_path, restored

_Result = TypeVar("_Result")
_REFUSALS = range(400, 500)
_TRIES = 5
_WAITS = 40
_WAIT_SECONDS = 0.25
_LOSES = "going back would lose that; bring it back as the plan left it, or mend it by hand"


class ObjectSteps:
    """The steps of one plan that change objects.

    Args:
        changes: their numbers in the plan, and what they are.
        key: the fingerprint key.
        told: called before each thing that reaches the disk or a cluster.

    Raises:
        PlanError: the plan names what is no object.
    """

    def __init__(self, changes: Mapping[int, ObjectChange], key: bytes, told: Callable[[str], None]) -> None:
        self._changes, self._key, self._told = changes, key, told
        for change in changes.values():
            require_path(change.path)

    def check(self) -> None:
        """Refuse a plan that no longer fits, or that an API server does not accept.

        What a step before changes or makes room for is not looked at again.

        Raises:
            PlanError: an object is not as it was, or the API server refuses.
            ClusterError: a cluster could not be asked.
        """
        for cluster in dict.fromkeys(change.cluster for change in self._changes.values()):
            its = [change for change in self._changes.values() if change.cluster == cluster]
            within(cluster, partial(self._check_all, changes=its))

    async def _check_all(self, client: Client, changes: list[ObjectChange]) -> None:
        before: set[str] = set()
        for change in changes:
            if change.path not in before:
                seen = await self._expected(client, change)
                if not any(change.path.startswith(f"{path}/") for path in before):
                    with _words(change):
                        await self._send(client, change, seen, dry_run=True)
            before.add(change.path)

    def do(self, journal: Journal, numbers: Sequence[int]) -> None:
        """Do steps that follow one another, or see that a killed run did them.

        Raises:
            PlanError: an object is not as the plan expects it, or the API server refuses.
            ClusterError: a cluster could not be asked.
        """
        self._each(numbers, partial(self._do, journal))

    def undo(self, journal: Journal, numbers: Sequence[int]) -> None:
        """Go back on steps, in the order given; one whose object is as it was changes nothing.

        Raises:
            PlanError: an object was changed since, or the API server refuses.
            ClusterError: a cluster could not be asked.
        """
        self._each(numbers, partial(self._undo, journal))

    def _each(self, numbers: Sequence[int], work: Callable[[Client, int, ObjectChange], Awaitable[None]]) -> None:
        async def run(client: Client, its: Sequence[int]) -> None:
            for number in its:
                await work(client, number, self._changes[number])

        for cluster, run_of in itertools.groupby(numbers, lambda number: self._changes[number].cluster):
            within(cluster, partial(run, its=list(run_of)))

    async def _do(self, journal: Journal, client: Client, number: int, change: ObjectChange) -> None:
        if journal.state(number) is Event.STARTED:
            now = digest(await writer.read(client, change.path), change, self._key)
            if now == _led_to(journal, number, change) != _before(change):
                self._told(f"record {number}")
                journal.write(Event.DONE, [number])
                return

        async def once() -> None:
            seen = await self._expected(client, change)
            tried = await self._send(client, change, seen, dry_run=True)
            self._told(f"keep {number}")
            kept = journal.keep([(number, Contents(None if seen is None else msgspec.json.encode(seen)))])
            self._told(f"start {number}")
            journal.write(Event.STARTED, [number], kept, after=digest(tried, change, self._key))
            self._told(f"change {number}")
            with _undone_if_refused(journal, number):
                done = await self._send(client, change, seen)
            if isinstance(change, DeleteObject):
                await _gone(client, change)
            self._told(f"done {number}")
            journal.write(Event.DONE, [number], after=digest(done, change, self._key))

        await _unless_moved(change, once)

    async def _undo(self, journal: Journal, client: Client, number: int, change: ObjectChange) -> None:
        async def once() -> None:
            now = await writer.read(client, change.path)
            if isinstance(change, DeleteObject) and now is not None and "deletionTimestamp" in now["metadata"]:
                # It looks as it was, and goes all the same as soon as its finalizers let it.
                await _gone(client, change)
                now = None
            found = digest(now, change, self._key)
            if found == _before(change):
                return
            if found != _led_to(journal, number, change):
                raise PlanError(f"{change.name} was changed after the plan", hint=_LOSES)
            self._told(f"change back {number}")
            await _send_back(client, change, now, journal.kept(number).data)

        await _unless_moved(change, once)
        self._told(f"undone {number}")
        journal.write(Event.UNDONE, [number])

    async def _expected(self, client: Client, change: ObjectChange) -> dict[str, Any] | None:
        """Return the object as it is, which has to be as the plan expects it."""
        seen = await writer.read(client, change.path)
        if digest(seen, change, self._key) != _before(change):
            why = "exists already" if isinstance(change, CreateObject) else "is not as it was when the plan was made"
            raise PlanError(f"{change.name} {why}", hint="make the plan again; strongroom plan undo goes back")
        return seen

    async def _send(
        self, client: Client, change: ObjectChange, seen: dict[str, Any] | None, *, dry_run: bool = False
    ) -> dict[str, Any] | None:
        """Do a step, or have the API server try it; return the object after it."""
        if isinstance(change, CreateObject):
            body = filled(change.body, change.holes, {}, self._key)
            return await writer.create(client, change.path, body, dry_run=dry_run)
        if seen is None:
            raise PlanError(f"{change.name} is not there", hint="make the plan again")
        if isinstance(change, PatchObject):
            wanted = edited(seen, change.edits, self._key)
            return await writer.patch(client, change.path, difference(seen, wanted), seen, dry_run=dry_run)
        await writer.delete(client, change.path, seen, dry_run=dry_run)
        return None


async def _send_back(client: Client, change: ObjectChange, now: dict[str, Any] | None, kept: bytes | None) -> None:
    """Bring an object back to what was kept of it; where there was none, delete it."""
    if kept is None:
        if now is not None:
            await writer.delete(client, change.path, now)
            await _gone(client, change)
        return
    before = msgspec.json.decode(kept)
    if now is None:
        await writer.create(client, change.path, owned(before))
    elif isinstance(change, PatchObject):
        await writer.patch(client, change.path, difference(now, restored(now, before, change.edits)), now)


async def _unless_moved(change: ObjectChange, once: Callable[[], Awaitable[None]]) -> None:
    """Do something with an object; where another field of it changes at that moment, as its status may, do it again.

    Raises:
        PlanError: it changes all the time, or the API server refuses.
    """
    with _words(change):
        for _ in range(_TRIES):
            try:
                return await once()
            except AnswerError as error:
                if error.status != writer.CONFLICT:
                    raise
        return await once()


@contextlib.contextmanager
def _words(change: ObjectChange) -> Iterator[None]:
    """Say what an API server's refusal means for a step."""
    try:
        yield
    except AnswerError as error:
        if error.status == writer.CONFLICT:
            raise PlanError(f"{change.name} was changed just now", hint="strongroom plan resume tries again") from None
        if error.status == writer.INVALID:
            raise PlanError(f"the API server takes {change.name} for invalid", hint="make the plan again") from None
        if error.status == writer.NOT_FOUND:
            raise PlanError(f"there is no place for {change.name}", hint="is there such a namespace?") from None
        raise


@contextlib.contextmanager
def _undone_if_refused(journal: Journal, number: int) -> Iterator[None]:
    """Where an API server says that it did not do a step, write it down: what the object is then is others' work."""
    try:
        yield
    except AnswerError as error:
        if error.status in _REFUSALS:
            journal.write(Event.UNDONE, [number])
        raise


def _before(change: ObjectChange) -> str:
    return ABSENT if isinstance(change, CreateObject) else change.before


def _led_to(journal: Journal, number: int, change: ObjectChange) -> str | None:
    return ABSENT if isinstance(change, DeleteObject) else journal.after(number)


async def _gone(client: Client, change: ObjectChange) -> None:
    """Return when an object is gone; one with finalizers may take its time.

    Raises:
        PlanError: it stays.
    """
    for _ in range(_WAITS):
        if await writer.read(client, change.path) is None:
            return
        await asyncio.sleep(_WAIT_SECONDS)
    raise PlanError(f"{change.name} is not gone yet", hint="its finalizers hold it; strongroom plan resume goes on")


def within(cluster: ClusterRef, work: Callable[[Client], Awaitable[_Result]]) -> _Result:
    """Do something in a cluster, which has to be the one that the plan is for.

    Raises:
        PlanError: it is another one.
        ClusterError: it could not be asked.
    """

    async def run() -> _Result:
        context = "" if cluster.context == IN_CLUSTER else cluster.context
        asked = Asked(context=context, kubeconfig=cluster.kubeconfig or None)
        async with Client(connect(asked)) as client:
            if await writer.identity(client) != cluster.uid:
                raise PlanError(
                    f"context {cluster.context} is another cluster than the plan is for",
                    hint="name the kubeconfig that it was made with in KUBECONFIG",
                )
            return await work(client)

    return asyncio.run(run())
