"""Prove encryption at rest: every value is encrypted under a key that is to be used, and can be decrypted."""

from __future__ import annotations

import asyncio
import functools
import random
from collections.abc import Iterable, Iterator

import msgspec

from strongroom.atrest.configuration import Configuration
from strongroom.atrest.decryption import Decryption, seconds
from strongroom.atrest.expected import UNSERVED
from strongroom.atrest.judging import NOT_READY, PLAINTEXT, kms_keys, readers_of
from strongroom.atrest.reading import listed, served, unreadable
from strongroom.atrest.servers import Server, session
from strongroom.atrest.stored import EVERYTHING, Counted, Etcd, StoredObject, counted, values
from strongroom.errors import ClusterError, KeyUseError, SourceError, UsageError
from strongroom.keys.kmsv2.client import Client
from strongroom.keys.kmsv2.method import HEALTHY
from strongroom.kube.client import Client as ApiClient
from strongroom.kube.discovery import Served, discover
from strongroom.model.at_rest import AtRest, KmsKey, Problem, Proof
from strongroom.model.finding import Severity
from strongroom.report.wording import plural
from strongroom.sources.etcd_keys import SECRETS
from strongroom.survey.at_rest.status import Facts, Request, counts, gather, in_order, not_right, report

DECRYPTED = "decrypted"

_PAUSE = 0.02  # what cannot be decrypted fails each time, and is asked for object by object
_HINT = f"restore it from a backup, or bring back the key that it was written under: {NOT_READY}"


class _Outcome:
    """What a run proves and finds wrong, beyond what counting tells."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.proofs: list[Proof] = []
        self.names: dict[str, list[str]] = {}
        self.silent: set[str] = set()
        """KMS plugins that cannot be asked."""

    def blame(self, which: str, message: str, resource: str, names: Iterable[str]) -> None:
        """Note objects that cannot be read."""
        self.problems.append(Problem(which, Severity.CRITICAL, message, resource, tuple(sorted(names)), hint=_HINT))


def verify(request: Request) -> AtRest:
    """Read every stored value of what is to be encrypted, and say what is wrong.

    Raises:
        UsageError: no etcd is named, or no configuration to compare with what is encrypted there.
        SourceError: etcd or a file cannot be read.
        KubeconfigError: nothing says how to reach the cluster.
    """
    facts = gather(request)
    if facts.etcd is None:
        raise UsageError(
            "no etcd is named to look into", hint="such as etcd:https://127.0.0.1:2379, or etcd:FILE for a snapshot"
        )
    if facts.configuration is None:
        judged = report(facts, counts(facts, request), kms_keys(facts.states), ())
        if any(problem.id == PLAINTEXT for problem in judged.problems):  # that is so under any configuration
            return judged
        raise UsageError(
            "no EncryptionConfiguration is named to compare with", hint="--config FILE, or files:/etc/kubernetes"
        )
    outcome = _Outcome()
    plugins = tuple(_plugins(facts.configuration, outcome))
    found = _decrypted(facts, facts.etcd, facts.configuration, request, outcome)
    if facts.servers:
        asyncio.run(_through_servers(facts, request, outcome))
    judged = report(facts, found, kms_keys(facts.states, plugins), plugins)
    problems = in_order([*judged.problems, *outcome.problems])
    return msgspec.structs.replace(judged, problems=problems, proofs=tuple(sorted(outcome.proofs, key=_first)))


def _plugins(configuration: Configuration, outcome: _Outcome) -> Iterator[KmsKey]:
    """Ask each KMS v2 plugin on this host for its present key and its health."""
    for provider in (provider for rule in configuration.rules for provider in rule.providers):
        if provider.kind != "kms" or provider.api_version != "v2":
            continue
        try:
            with Client(provider.endpoint, seconds(provider.timeout)) as client:
                told = client.status()
        except KeyUseError as error:
            outcome.silent.add(provider.name)
            message = f"the KMS plugin {provider.name} cannot be asked: {error.message}"
            outcome.problems.append(Problem("not-asked", Severity.HIGH, message, hint=error.hint))
        else:
            yield KmsKey(provider.name, told.key_id, told.healthz == HEALTHY)


def _decrypted(facts: Facts, etcd: Etcd, configuration: Configuration, request: Request, outcome: _Outcome) -> Counted:
    """Decrypt every value in memory, and count them on the way."""
    failed: dict[tuple[str, str], list[str]] = {}
    proved: dict[str, list[int]] = {}
    serving = functools.cache(functools.partial(readers_of, facts.rules))
    held = False

    def objects() -> Iterator[StoredObject]:
        nonlocal held
        with Decryption(configuration) as decryption:
            for (resource, name, how, revision), key, value in values(etcd, EVERYTHING, request.progress):
                held = True
                readers = serving(resource)
                if not how.encrypted and (resource in UNSERVED or not (readers or resource == SECRETS)):
                    continue
                outcome.names.setdefault(resource, []).append(name)
                if how.encrypted and any(reader.reads(how) for reader in readers):
                    done = proved.setdefault(resource, [0, 0])
                    done[1] += 1
                    if how.key not in outcome.silent or not how.provider.startswith("kms"):
                        reason = decryption.problem(resource, key, value)
                        done[0] += not reason
                        if reason:
                            failed.setdefault((resource, reason), []).append(name)
                elif not how.encrypted and (reason := decryption.problem(resource, key, value)):
                    failed.setdefault((resource, reason), []).append(name)
                yield StoredObject(resource, name, how, revision)

    found = counted(objects(), lambda resource, how: not_right(facts, resource, how))
    if not outcome.names:
        what = "nothing that is to be encrypted" if held else "no object of Kubernetes where they are looked for"
        raise SourceError(
            f"{etcd.source} holds {what}, so nothing is proved",
            hint="is it the cluster's etcd? https://HOST:2379/PREFIX names another --etcd-prefix than /registry",
        )
    for (resource, reason), names in failed.items():
        message = f"{plural(len(names), 'value')} of {resource} cannot be decrypted: {reason}"
        outcome.blame("undecryptable", message, resource, names)
    outcome.proofs += [Proof(resource, DECRYPTED, number, of) for resource, (number, of) in sorted(proved.items())]
    return found


async def _through_servers(facts: Facts, request: Request, outcome: _Outcome) -> None:
    for server, state in zip(facts.servers, facts.states, strict=True):
        if state.problem:
            continue  # it is a problem already
        try:
            await _through(server, request, outcome)
        except ClusterError as error:
            outcome.problems.append(Problem("not-asked", Severity.HIGH, error.message, hint=error.hint))


async def _through(server: Server, request: Request, outcome: _Outcome) -> None:
    """Have one API server list everything, and read a sample of it; all resources at once."""
    async with session(server, request.environment, _PAUSE) as client:
        discovery = await discover(client)
        known = [(resource, served(discovery, resource)) for resource in sorted(outcome.names)]
        request.progress(f"{server.name}: {len(known)} resources")
        await asyncio.gather(
            *(_resource(client, server, resource, kind, request, outcome) for resource, kind in known if kind)
        )


async def _resource(
    client: ApiClient, server: Server, resource: str, kind: Served, request: Request, outcome: _Outcome
) -> None:
    names = outcome.names[resource]
    blocking = await listed(client, kind, names)
    if blocking is not None:
        many = plural(len(blocking), "object") if blocking else "no single object"
        message = f"{server.name} cannot list {resource}: {many} cannot be read"
        outcome.blame("blocks-list", message, resource, blocking)
    else:
        outcome.proofs.append(Proof(resource, f"listed by {server.name}", len(names), len(names)))
    chosen = random.sample(names, min(request.sample, len(names)))
    failing = sorted({*await unreadable(client, kind, chosen)} - {*(blocking or ())})
    if failing:
        message = f"{server.name} cannot read {plural(len(failing), 'object')} of {resource}"
        outcome.blame("undecryptable", message, resource, failing)
    if chosen:
        fine = len(chosen) - len({*chosen} & {*failing, *(blocking or ())})
        outcome.proofs.append(Proof(resource, f"read through {server.name}", fine, len(chosen)))


def _first(proof: Proof) -> tuple[bool, str, str]:
    return proof.how != DECRYPTED, proof.how, proof.resource
