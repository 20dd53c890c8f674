"""Every object of a resource written anew as it is, so that it lies in etcd as the API server would store it now.

An update that changes nothing is not written, unless the stored bytes are stale: encrypted under another key than the
first, or not at all (k8s.io/apiserver ``pkg/storage/etcd3/store.go``, ``GuaranteedUpdate``: ``origState.stale``). So an
empty merge patch is enough, and no data of an object has to be read: lists and answers hold metadata only
(https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches). The patch names the ``uid`` and
the ``resourceVersion`` that were seen; where somebody else wrote in between, it is tried again with those of then.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from typing import NamedTuple

import msgspec

from strongroom.errors import AnswerError, TimedOutError, UnreachableError
from strongroom.kube.client import Client
from strongroom.kube.discovery import Served
from strongroom.kube.lists import not_a_list, read_list
from strongroom.kube.pace import Pace

FIELD_MANAGER = "strongroom"
_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_ONE = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
_MERGE = "application/merge-patch+json"
_QUERY = {"fieldManager": FIELD_MANAGER}
_OK, _NOT_FOUND, _CONFLICT, _GONE, _UNAVAILABLE = 200, 404, 409, 410, 503
_BUSY = frozenset({429, 500, 502, 503, 504})
_MOST_CONFLICTS = 20
_PATIENCE = 90.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


class Progress(NamedTuple):
    """How far it is.

    Attributes:
        done: how many objects were looked at.
        total: how many there are about.
        seconds: how long it took so far.
    """

    done: int
    total: int
    seconds: float

    @property
    def left(self) -> float:
        """Return how many seconds the rest takes at the speed so far."""
        return self.seconds / self.done * max(0, self.total - self.done) if self.done else 0.0


class Rewritten(NamedTuple):
    """What came of it.

    Attributes:
        written: how many objects were patched.
        skipped: how many were known to need nothing.
        gone: how many were deleted in the meantime.
        conflicts: how many patches met a change of somebody else and were sent again.
        refused: ``namespace/name`` of those that the server refuses to patch, and its status.
    """

    written: int = 0
    skipped: int = 0
    gone: int = 0
    conflicts: int = 0
    refused: tuple[tuple[str, int], ...] = ()


class _Metadata(msgspec.Struct, frozen=True, rename="camel"):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""

    @property
    def label(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class _Item(msgspec.Struct, frozen=True):
    metadata: _Metadata = _Metadata()


class _Remaining(msgspec.Struct, frozen=True, rename="camel"):
    remaining_item_count: int = 0


class _Page(msgspec.Struct, frozen=True):
    metadata: _Remaining = _Remaining()
    items: list[_Item] | None = None  # null, in lists of metadata, where there are none


class Rewriter:
    """Rewrites objects through one API server.

    Args:
        client: the session.
        pace: how fast; shared by all resources, so that it is learned once.
        told: called with how far it is, after each page.
        patience: how many seconds a server may be away before it is given up.
    """

    def __init__(
        self,
        client: Client,
        pace: Pace,
        told: Callable[[Progress], None] = lambda _: None,
        patience: float = _PATIENCE,
    ) -> None:
        self._client, self._pace, self._told, self._patience = client, pace, told, patience

    async def rewrite(self, served: Served, only: Collection[str] | None = None) -> Rewritten:
        """Rewrite every object of a resource.

        Args:
            served: the resource.
            only: ``namespace/name`` of those that need it, where that is known; None for all.

        Raises:
            ClusterError: they cannot be listed; the server does not answer any more.
        """
        tally = _Tally()
        began = time.monotonic()

        async def take(body: bytes) -> None:
            try:
                page = msgspec.json.decode(body, type=_Page)
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise not_a_list(self._client) from None
            items = page.items or ()
            wanted = [item.metadata for item in items if only is None or item.metadata.label in only]
            tally.skipped += len(items) - len(wanted)
            tally.seen += len(items) - len(wanted)
            async with asyncio.TaskGroup() as group:
                for metadata in wanted:
                    await self._pace.turn()
                    group.create_task(self._one(served, metadata, tally))
            total = tally.seen + page.metadata.remaining_item_count
            self._told(Progress(tally.seen, total, time.monotonic() - began))

        try:
            await read_list(self._client, served.path(), take, accept=_LIST)
        except BaseExceptionGroup as errors:
            # The first says what happened; the others say the same of the other requests under way.
            raise _first(errors) from None
        return tally.result()

    async def _one(self, served: Served, seen: _Metadata, tally: _Tally) -> None:
        """Patch one object until that is settled; a turn was taken for it."""
        path = f"{served.path(seen.namespace)}/{seen.name}"
        began, pause, conflicts = time.monotonic(), _FIRST_PAUSE, 0
        try:
            while True:
                status = await self._patch(path, seen, last=time.monotonic() - began > self._patience)
                if status == _CONFLICT and conflicts < _MOST_CONFLICTS:
                    conflicts += 1
                    now = await self._look(path)
                    if now is None or now.uid != seen.uid:
                        # One of the same name that was made since was written as it should be.
                        status = _NOT_FOUND
                    else:
                        seen = now
                        continue
                if status not in _BUSY or time.monotonic() - began > self._patience:
                    tally.add(seen.label, status, conflicts)
                    return
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
        finally:
            await self._pace.done()

    async def _patch(self, path: str, seen: _Metadata, *, last: bool) -> int:
        """Send the patch once; return the status, 503 where nothing answered and it is not the last time."""
        guard = {"metadata": {"uid": seen.uid, "resourceVersion": seen.resource_version}}
        sent, status = time.monotonic(), _OK
        try:
            await self._client.change("PATCH", path, _QUERY, msgspec.json.encode(guard), _MERGE, _ONE)
        except AnswerError as error:
            status = error.status
        except (TimedOutError, UnreachableError):
            if last:
                raise
            status = _UNAVAILABLE
        self._pace.learn(time.monotonic() - sent, busy=status in _BUSY)
        return status

    async def _look(self, path: str) -> _Metadata | None:
        try:
            return msgspec.json.decode(await self._client.get(path, accept=_ONE), type=_Item).metadata
        except AnswerError as error:
            if error.status == _NOT_FOUND:
                return None
            raise


class _Tally:
    """What comes of the objects, counted as it comes."""

    def __init__(self) -> None:
        self.seen = self.written = self.skipped = self.gone = self.conflicts = 0
        self.refused: list[tuple[str, int]] = []

    def add(self, label: str, status: int, conflicts: int) -> None:
        self.seen += 1
        self.conflicts += conflicts
        if status == _OK:
            self.written += 1
        elif status in (_NOT_FOUND, _GONE):
            self.gone += 1
        else:
            self.refused.append((label, status))

    def result(self) -> Rewritten:
        return Rewritten(self.written, self.skipped, self.gone, self.conflicts, tuple(sorted(self.refused)))


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
