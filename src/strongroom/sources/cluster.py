"""A running cluster as a source: ``cluster`` and ``cluster:CONTEXT``.

What makes others is read before what it makes: custom resources, Deployments, ReplicaSets, pods. So a pod is known to
belong to a workload when it arrives, and what is wrong with the workload is said once. Several lists are read at a
time; pages are turned into facts one after the other, in a thread beside the one that fetches them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import msgspec

from strongroom.errors import AnswerError, LimitError, TimedOutError, UsageError
from strongroom.kube.client import JSON, Client
from strongroom.kube.connection import Asked, Connection, connect
from strongroom.kube.discovery import Discovery, Served, discover
from strongroom.kube.lists import TABLE, not_a_list, read_list
from strongroom.model.pod import running_pod
from strongroom.model.resource import Resource, ResourceId, as_dict, as_list
from strongroom.model.skipped import Reason, Skipped
from strongroom.model.workload import workloads_of
from strongroom.sources.cluster_kinds import BUILT_IN, CONFIG_MAPS, CUSTOM, MADE, MAKERS, OPEN, PODS, RECORDS, SECRETS
from strongroom.sources.cluster_objects import Numbers, objects_of
from strongroom.sources.cluster_options import NAME, ClusterOptions
from strongroom.sources.cluster_secrets import of_table, of_values
from strongroom.sources.objects import inside
from strongroom.sources.reading import Reading

_AT_A_TIME = 4
_STAGES = 4
_LAST = _STAGES - 1
_NAMESPACES = ("", "namespaces")
_LONGEST = (PODS, CONFIG_MAPS, SECRETS)
_NAMED = 3
_FORBIDDEN, _NOT_FOUND = 403, 404
_UNAUTHORIZED = 401


def read_cluster(
    reading: Reading,
    source: str,
    options: ClusterOptions,
    *,
    progress: Callable[[str], None],
    arrived: Callable[[Resource], Resource],
) -> None:
    """Read a cluster into a reading.

    What cannot be listed is named among what was skipped, with the permission that is missing; the rest goes on.

    Args:
        reading: what it is added to.
        source: ``cluster`` or ``cluster:CONTEXT``.
        options: how.
        progress: called with what is being read.
        arrived: called with each object, in a thread, one at a time; what it returns is kept.

    Raises:
        KubeconfigError: nothing says where the cluster is, or who asks.
        UnreachableError: it does not answer, or no longer.
        AnswerError: it does not accept the credential, or permits to list nothing.
        UsageError: the options contradict each other.
    """
    if options.values and not options.metadata:
        raise UsageError("values without metadata cannot be read", hint="--values or --no-metadata, not both")
    _, _, context = source.partition(":")
    asked = Asked(context, options.kubeconfig, options.as_user, options.as_groups)
    asyncio.run(_Run(reading, connect(asked), options, progress, arrived).read())


class _Run:
    """One reading of one cluster."""

    def __init__(
        self,
        reading: Reading,
        connection: Connection,
        options: ClusterOptions,
        progress: Callable[[str], None],
        arrived: Callable[[Resource], Resource],
    ) -> None:
        self._reading = reading
        self._connection = connection
        self._options = options
        self._progress = progress
        self._arrived = arrived
        self._source = f"{NAME}:{connection.context}"
        self._numbers = Numbers(len(reading.resources) + len(reading.pods))
        self._now = datetime.now(UTC)
        self._seen: set[str] = set()
        self._makers: dict[str, ResourceId] = {}
        self._missing: dict[tuple[Reason, str, str, str], list[str]] = {}
        self._lists = 0
        self._objects = 0

    async def read(self) -> None:
        async with Client(self._connection, self._options.seconds) as client:
            self._progress(f"{self._source}: asking what it serves")
            discovery = await discover(client)
            for group in set(discovery.stale) & {*BUILT_IN, *CUSTOM}:
                self._miss(Reason.NOT_ANSWERED, "list", f"what the API group {group} serves", "")
            wanted = self._wanted(discovery)
            with ThreadPoolExecutor(1, thread_name_prefix="cluster") as thread:
                for stage in range(_STAGES):
                    await self._read_all(client, thread, self._stage(stage, wanted))
        if self._missing and not self._objects:
            raise AnswerError(
                f"{self._source} permits to list nothing",
                status=_FORBIDDEN,
                hint="--namespace NAME reads one namespace; strongroom install --rbac audit renders the role",
            )
        self._reading.skipped.extend(self._skipped())
        self._reading.notes.append(self._note())
        self._reading.notes.extend(f"{self._source}: {note}" for note in self._connection.login.notes)

    def _wanted(self, discovery: Discovery) -> list[Served]:
        known = [(group, name) for table in (BUILT_IN, CUSTOM) for group, names in table.items() for name in names]
        more = [key for key in discovery.served if key[0] in OPEN and key not in RECORDS]
        served = [discovery.served[key] for key in dict.fromkeys([*known, *more]) if key in discovery.served]
        if self._options.namespaces:
            self._reading.gaps.update((one.name, "") for one in served if not one.namespaced)
            return [one for one in served if one.namespaced]
        return served

    def _stage(self, stage: int, wanted: Iterable[Served]) -> list[tuple[Served, str]]:
        """Return the lists of one stage; those that take longest first, so that none is left alone at the end."""
        chosen = sorted((one for one in wanted if _stage_of(one) == stage), key=lambda one: _key(one) not in _LONGEST)
        return [(one, namespace) for one in chosen for namespace in self._places(one)]

    def _places(self, one: Served) -> Iterable[str]:
        """Return the namespaces that a kind is listed in, one by one; an empty name for all at once."""
        if self._options.namespaces:
            return self._options.namespaces
        if _key(one) == SECRETS and not self._options.metadata:
            # Rows without metadata do not say their namespace.
            return [
                r.name for r in self._reading.resources if r.kind == "Namespace" and r.origin.source == self._source
            ]
        return ("",)

    async def _read_all(self, client: Client, thread: ThreadPoolExecutor, wanted: Iterable[tuple[Served, str]]) -> None:
        waiting = list(reversed(list(wanted)))

        async def worker() -> None:
            while waiting:
                one, namespace = waiting.pop()
                await self._read_one(client, thread, one, namespace)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(_AT_A_TIME, len(waiting))):
                    group.create_task(worker())
        except BaseExceptionGroup as several:
            # Whichever failed first stopped the others.
            raise several.exceptions[0] from None

    async def _read_one(self, client: Client, thread: ThreadPoolExecutor, one: Served, namespace: str) -> None:
        accept, query = self._form(one)
        loop = asyncio.get_running_loop()

        async def take(page: bytes) -> None:
            try:
                await loop.run_in_executor(thread, self._take, page, one, namespace)
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise not_a_list(client) from None
            self._progress(f"{self._source}: {self._objects:,} objects, {one.name}")

        try:
            await read_list(client, one.path(namespace), take, accept=accept, query=query)
            self._lists += 1
        except AnswerError as error:
            if error.status == _UNAUTHORIZED:
                raise
            if error.status != _NOT_FOUND:  # what has gone since discovery is no gap
                reason = Reason.NOT_PERMITTED if error.status == _FORBIDDEN else Reason.NOT_ANSWERED
                why = "" if reason is Reason.NOT_PERMITTED else f"status {error.status}"
                self._miss(reason, "list", one.name, namespace, why)
        except TimedOutError:
            # Another kind may well be listed: behind this one may stand a webhook that hangs.
            if not await client.answers():
                raise
            self._miss(Reason.NOT_ANSWERED, "list", one.name, namespace, "no answer in time")
        except LimitError:
            self._miss(Reason.LIMIT, "list", one.name, namespace)

    def _form(self, one: Served) -> tuple[str, dict[str, str]]:
        if _key(one) != SECRETS or self._options.values:
            return JSON, {}
        return TABLE, {"includeObject": "Metadata" if self._options.metadata else "None"}

    def _take(self, page: bytes, one: Served, namespace: str) -> None:
        """Turn a page into facts; runs in the one thread."""
        for resource in self._decoded(page, one, namespace):
            uid = str(as_dict(resource.body["metadata"]).get("uid") or f"{one.name} {namespace} {resource.name}")
            if uid in self._seen:
                continue  # the list had to be read again from the beginning
            self._seen.add(uid)
            self._objects += 1
            maker = self._maker(resource)
            if maker is None:
                # Recognition sees the text that they are written in.
                self._reading.resources.extend(inside(resource))
                self._reading.resources.append(self._arrived(resource))
            elif (pod := running_pod(resource)) is not None:
                self._reading.pods.append(msgspec.structs.replace(pod, owner=maker))
            if _stage_of(one) < _LAST and (maker is not None or any(workloads_of(resource))):
                self._makers[uid] = maker or resource.id

    def _decoded(self, page: bytes, one: Served, namespace: str) -> Iterable[Resource]:
        if _key(one) != SECRETS:
            return objects_of(page, one, self._source, self._numbers)
        if self._options.values:
            return of_values(page, one, self._source, self._numbers)
        return of_table(page, one, self._source, self._numbers, namespace=namespace, now=self._now)

    def _maker(self, resource: Resource) -> ResourceId | None:
        """Return the workload that made an object, itself or through another, where that was read before."""
        for owner in map(as_dict, as_list(resource.get("metadata", "ownerReferences"))):
            if owner.get("controller") is True and owner.get("uid") in self._makers:
                return self._makers[str(owner["uid"])]
        return None

    def _miss(self, reason: Reason, verb: str, name: str, namespace: str, why: str = "") -> None:
        self._missing.setdefault((reason, verb, name, why), []).append(namespace)
        self._reading.gaps.add((name, namespace))

    def _skipped(self) -> Iterable[Skipped]:
        converted = {r.name for r in self._reading.resources if _is_converted(r) and r.origin.source == self._source}
        for (reason, verb, name, why), namespaces in sorted(self._missing.items(), key=lambda item: item[0][1:]):
            shown = sorted(namespaces)[:_NAMED]
            more = f" and {len(namespaces) - len(shown):,} more" if len(namespaces) > len(shown) else ""
            where = f" in namespace {', '.join(shown)}{more}" if any(shown) else ""
            said = f": {why}" if why else ""
            webhook = ", is its conversion webhook at work?" if why and name in converted else ""
            yield Skipped(self._source, 0, 0, reason, f"cannot {verb} {name}{where}{said}{webhook}")

    def _note(self) -> str:
        how = "as tables with their metadata" if self._options.metadata else "as tables without metadata"
        if self._options.values:
            how = "with their values, kept as fingerprints"
        return f"{self._source}: {self._objects:,} objects in {self._lists:,} lists, Secrets {how}"


def _is_converted(resource: Resource) -> bool:
    """Tell whether an object defines a kind that a webhook converts between its versions."""
    return resource.kind == "CustomResourceDefinition" and isinstance(
        resource.get("spec", "conversion", "webhook"), dict
    )


def _key(one: Served) -> tuple[str, str]:
    return one.group, one.resource


def _stage_of(one: Served) -> int:
    """Return when a kind is read: what makes others before what is made."""
    key = _key(one)
    if one.group in CUSTOM or key == _NAMESPACES:
        return 0
    if key in MAKERS or key == SECRETS:
        return 1
    return 2 if key in MADE else _LAST
