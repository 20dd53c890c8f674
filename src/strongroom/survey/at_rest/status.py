"""Gather what is known of a cluster's encryption at rest: configured, loaded by each API server, stored."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from strongroom.atrest.configuration import Configuration, parse
from strongroom.atrest.judging import (
    alike,
    expected,
    kms_keys,
    lines,
    not_named,
    problems_of_bytes,
    problems_of_plugins,
    problems_of_servers,
    readers_of,
    rules_of,
    rules_of_object,
    state_of,
)
from strongroom.atrest.members import members
from strongroom.atrest.servers import Server, config_hash, kms_healthy, loaded
from strongroom.atrest.stored import Counted, Etcd, counted, stored
from strongroom.documents.bounded import read_file
from strongroom.errors import ClusterError, UsageError
from strongroom.model.at_rest import AtRest, Configured, ConfiguredFile, KmsKey, Problem, ServerState
from strongroom.model.controlplane import ControlPlane, EncryptionConfiguration, Program, StoredAs
from strongroom.model.finding import Severity
from strongroom.sources.cluster_options import is_cluster
from strongroom.sources.etcd import prefix_of
from strongroom.sources.etcd_keys import PREFIX, SECRETS
from strongroom.sources.etcd_options import ETCD, EtcdOptions
from strongroom.sources.etcd_snapshot import is_snapshot

_FLAG, _PREFIX_FLAG, _OVERRIDES = "encryption-provider-config", "etcd-prefix", "etcd-servers-overrides"
_MOST_BYTES = 1 << 20  # a configuration is a few hundred bytes


class Request(msgspec.Struct, frozen=True):
    """What a user asks of encryption at rest.

    Attributes:
        sources: ``etcd:…`` (one at most), ``cluster`` or ``cluster:CONTEXT``, ``files:…``, files and folders.
        config: the EncryptionConfiguration file; empty to look for it among the sources.
        api_servers: the address of each API server; none for the one that the kubeconfig names.
        context, kubeconfig: whose credential is used.
        etcd: how etcd is reached.
        sample: how many objects of each resource are read through each API server.
        progress: called with what is being read.
        environment: where the kubeconfig's file and the proxy are named.
    """

    sources: tuple[str, ...] = ()
    config: str = ""
    api_servers: tuple[str, ...] = ()
    context: str = ""
    kubeconfig: str | None = None
    etcd: EtcdOptions = EtcdOptions()
    sample: int = 0
    progress: Callable[[str], None] = lambda _: None
    environment: Mapping[str, str] = os.environ


class Facts(msgspec.Struct, frozen=True):
    """What was gathered.

    Attributes:
        etcd: the store; None where none was named.
        files: the configurations that were found.
        rules: what counts of them.
        configuration: the file that counts, with its keys; None where it was not read whole.
        servers: the API servers that were named.
        states: what each of them works with.
        problems: what the files say that is wrong.
        notes: what was not looked at, and why.
    """

    etcd: Etcd | None
    files: tuple[ConfiguredFile, ...]
    rules: tuple[Configured, ...]
    configuration: Configuration | None
    servers: tuple[Server, ...]
    states: tuple[ServerState, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def status(request: Request) -> AtRest:
    """Say what is configured, what each API server has loaded, and what the bytes in etcd say.

    Raises:
        UsageError: nothing is named that could be asked.
        SourceError: etcd or a file cannot be read.
        KubeconfigError: nothing says how to reach the cluster.
    """
    facts = gather(request)
    kms = kms_keys(facts.states)
    found = counts(facts, request)
    return report(facts, found, kms, ())


def report(facts: Facts, found: Counted | None, kms: Mapping[str, KmsKey], plugins: tuple[KmsKey, ...]) -> AtRest:
    """Judge what was gathered."""
    kept = lines(found.counts, facts.rules, kms) if found else ()
    judged = {line.resource for line in kept}
    problems: list[Problem] = [
        *facts.problems,
        *(problems_of_bytes(kept, facts.rules, found.named) if found else ()),
        *problems_of_servers(facts.states),
        *problems_of_plugins(plugins),
    ]
    return AtRest(
        store=facts.etcd.source if facts.etcd else "",
        files=facts.files,
        servers=facts.states,
        stored=kept,
        plaintext={name: names for name, names in found.plaintext.items() if name in judged} if found else {},
        problems=in_order(problems),
        notes=facts.notes,
    )


def in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    """Put the worst first, and else keep the order."""
    return tuple(sorted(problems, key=lambda problem: -problem.severity))


def counts(facts: Facts, request: Request) -> Counted | None:
    """Count what etcd holds of everything that is to be encrypted; None where no etcd was named."""
    if facts.etcd is None:
        return None
    names = expected(facts.rules) if facts.rules else ()
    return counted(stored(facts.etcd, names, request.progress), lambda resource, how: not_right(facts, resource, how))


def not_right(facts: Facts, resource: str, how: StoredAs) -> bool:
    """Tell whether the objects that lie in one way are named: those that the first provider did not write."""
    readers = readers_of(facts.rules, resource)
    if not how.encrypted:
        return resource == SECRETS or (bool(readers) and readers[0].kind != "identity")
    return bool(facts.rules) and not (readers and readers[0].reads(how) and not how.kms_key)


def gather(request: Request) -> Facts:
    """Read configurations, and ask the API servers; etcd is read afterwards. Errors as `status`."""
    named = [f"{ETCD}{one}" if is_snapshot(Path(one)) else one for one in request.sources]
    stores = [source for source in named if source.startswith(ETCD)]
    clusters = [source for source in named if is_cluster(source)]
    others = tuple(source for source in named if source not in stores and source not in clusters)
    if len(stores) > 1 or len(clusters) > 1:
        raise UsageError("more than one etcd or cluster", hint="one of each, and --api-server for each API server")
    if not (stores or clusters or others or request.api_servers or request.config):
        raise UsageError(
            "nothing is named that could be asked", hint="such as cluster files:/etc/kubernetes etcd:https://HOST:2379"
        )
    files, configuration, problems, notes = _configured(request, others, stores)
    servers = _servers(request, clusters)
    states, missing, unseen = asyncio.run(_asked(servers, files, request)) if servers else ((), (), ())
    return Facts(
        etcd=Etcd(stores[0], request.etcd) if stores else None,
        files=files,
        rules=files[0].rules if files else (),
        configuration=configuration,
        servers=servers,
        states=states,
        problems=(*problems, *missing),
        notes=(*notes, *unseen, *(alike(files[0].rules) if files else ())),
    )


def _servers(request: Request, clusters: list[str]) -> tuple[Server, ...]:
    context = request.context or (clusters[0].partition(":")[2] if clusters else "")
    if request.api_servers:
        return tuple(Server(url, url, context, request.kubeconfig) for url in request.api_servers)
    if not clusters and not request.context:
        return ()
    return (Server(f"the API server of {context or 'the current context'}", "", context, request.kubeconfig),)


async def _asked(
    servers: tuple[Server, ...], files: tuple[ConfiguredFile, ...], request: Request
) -> tuple[tuple[ServerState, ...], tuple[Problem, ...], tuple[str, ...]]:
    """Ask every API server; return what they work with, what is wrong, and what could not be looked at."""
    identities: list[str] = []

    async def one(server: Server) -> ServerState:
        request.progress(server.name)
        try:
            found = await loaded(server, request.environment)
            healthy = await kms_healthy(server, request.environment) if found.kms else None
        except ClusterError as error:
            return ServerState(server.name, problem=error.message)
        identities.append(found.identity)
        return state_of(server.name, found, files, healthy=healthy)

    states = tuple(await asyncio.gather(*map(one, servers)))
    asked = next((server for server, state in zip(servers, states, strict=True) if not state.problem), None)
    if asked is None or any(state.problem for state in states):
        return states, (), ()
    try:
        alive = await members(asked, request.environment)
    except ClusterError:
        return states, (), ("the Leases in kube-system cannot be read, which tell whether there are more API servers",)
    return states, tuple(not_named(alive, identities)), ()


def _configured(
    request: Request, others: tuple[str, ...], stores: list[str]
) -> tuple[tuple[ConfiguredFile, ...], Configuration | None, tuple[Problem, ...], tuple[str, ...]]:
    notes: list[str] = []
    problems: list[Problem] = []
    found: list[ConfiguredFile] = []
    if request.config:
        file, configuration = _file(Path(request.config))
        found.append(file)
    else:
        configuration = None
    if others:
        from strongroom.sources.collect import Options, collect
        from strongroom.sources.controlplane import control_plane_of

        reading = collect(others, Options(gitignore=False, render=False, progress=request.progress))
        plane = control_plane_of(reading.resources)
        for file, whole in _in_use_first(plane):
            if file.path not in {known.path for known in found}:
                if not found:
                    configuration = whole
                found.append(file)
        problems += _not_configured(plane)
        problems += _elsewhere(plane, stores)
        notes += _not_read(plane, found)
    if len(found) > 1:
        notes.append(f"the bytes are compared with {found[0].path}: --config names another")
    return tuple(found), configuration, tuple(problems), tuple(notes)


def _in_use_first(plane: ControlPlane) -> list[tuple[ConfiguredFile, Configuration | None]]:
    """Read every configuration: first those that an API server is started with, then other files, then the rest."""
    named = {str(Path(one).absolute()) for server in plane.programs(Program.API_SERVER) if (one := server.value(_FLAG))}
    found = [_found(one) for one in plane.encryption]
    return sorted(found, key=lambda one: (str(Path(one[0].path).absolute()) not in named, one[1] is None))


def _elsewhere(plane: ControlPlane, stores: list[str]) -> Iterator[Problem]:
    """Say which part of what an API server stores does not lie where it is looked for."""
    for server in plane.programs(Program.API_SERVER) if stores else ():
        prefix = server.value(_PREFIX_FLAG).strip("/") or PREFIX.strip("/")
        if prefix != prefix_of(stores[0]).strip("/"):
            message = (
                f"{server.origin.show()}: with --{_PREFIX_FLAG}={prefix} nothing of it lies where it was looked for"
            )
            hint = "etcd:https://HOST:2379/PREFIX looks there"
            yield Problem("not-looked-into", Severity.HIGH, message, hint=hint)
        for resource in _overridden(server.value(_OVERRIDES)):
            message = (
                f"{server.origin.show()}: {resource} lie in another etcd (--{_OVERRIDES}), which was not looked into"
            )
            yield Problem("not-looked-into", Severity.HIGH, message, resource, hint="verify that etcd, too")


def _overridden(flag: str) -> Iterator[str]:
    """Yield what ``--etcd-servers-overrides`` moves, ``group/resource#servers,...``; events hold nothing secret."""
    for one in flag.split(","):
        group, slash, resource = one.partition("#")[0].partition("/")
        if slash and resource != "events":
            yield f"{resource}.{group}" if group else resource


def _file(path: Path) -> tuple[ConfiguredFile, Configuration]:
    data = read_file(path, _MOST_BYTES, too_large="is larger than any EncryptionConfiguration")
    configuration = parse(data, str(path))
    return ConfiguredFile(str(path), config_hash(data), rules_of(configuration)), configuration


def _found(one: EncryptionConfiguration) -> tuple[ConfiguredFile, Configuration | None]:
    """Read a configuration among other objects as the file that it is, or else say what it says."""
    path = one.origin.source.removeprefix("files:") if not one.origin.path else one.origin.path
    if not one.origin.object and Path(path).is_file():
        return _file(Path(path))
    return ConfiguredFile(one.origin.show(), "", rules_of_object(one)), None


def _not_configured(plane: ControlPlane) -> Iterator[Problem]:
    """Say which API servers the files start without any configuration."""
    for server in plane.programs(Program.API_SERVER):
        if server.whole and not server.value(_FLAG):
            message = f"{server.origin.show()} starts the API server without --{_FLAG}: it encrypts nothing"
            yield Problem("not-configured", Severity.HIGH, message, hint="at-rest configure sets it up")


def _not_read(plane: ControlPlane, found: list[ConfiguredFile]) -> Iterator[str]:
    """Say which configurations the files name that were not read."""
    read = {str(Path(file.path).absolute()) for file in found}
    for server in plane.programs(Program.API_SERVER):
        named = server.value(_FLAG)
        if named and str(Path(named).absolute()) not in read:
            yield f"{server.origin.show()}: --{_FLAG} names {named}, which was not read"
