"""A rotation of encryption at rest: what is there is looked at, refused where it does not fit, and planned."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import strongroom
from strongroom.atrest import changes
from strongroom.atrest.configuration import IDENTITY, WITH_KEYS, Configuration, Provider, parse
from strongroom.atrest.expected import UNSERVED, name_of, pattern_of, readable
from strongroom.atrest.members import check_complete, members
from strongroom.atrest.rotation import KEEP, Facts, Secrecy, kms_steps, steps
from strongroom.atrest.servers import Loaded, Server, config_hash, kms_healthy, loaded
from strongroom.atrest.stored import EVERYTHING, Etcd, count
from strongroom.crypto.plan_values import seal
from strongroom.errors import KeyUseError, PlanError, UsageError
from strongroom.keys.kmsv2.client import Client
from strongroom.model.plan import Plan, PlanStep, RunProcedure
from strongroom.plans import journal
from strongroom.plans.saved import digest, key_id

CURRENT, KMS = "current", "kms"
_STEPS = frozenset({"wait-until-loaded", "keep-readable", "rewrite", "prove", "kms-key-seen"})
_DIGITS = 12
_STAYS = (
    "Going back does not bring the former key back: the KMS decides which key encrypts, and what was rewritten stays "
    "under the present one. Retire the former version in the KMS only when this is done and proved."
)
_UNPROVED = (
    "Without --etcd nothing is proved: strongroom at-rest verify then tells whether anything is left under the former "
    "key."
)


class Asked(NamedTuple):
    """What a person asks for.

    Attributes:
        configs: the EncryptionConfiguration of each API server whose host this is; at least one, or a copy of it.
        servers: all API servers.
        etcd: the etcd whose bytes prove it; None where it cannot be read.
        hand_over: the folder for the file that goes to other hosts; None where there are none.
        to: what shall encrypt: ``secretbox``, ``aesgcm``, ``kms``, ``identity``, `CURRENT`; empty for a new key of the
            kind that encrypts now.
        kms: the name, the endpoint and the timeout of the plugin for ``kms``.
        reload_with, patience, settle: see `strongroom.atrest.procedures.wait_until_loaded`.
        migration: how many seconds the cluster has to rewrite one resource by itself, where it can; 0 for not at all.
        kms_wait: how many seconds pass after every API server has seen a new KMS key.
    """

    configs: tuple[Path, ...]
    servers: tuple[Server, ...]
    etcd: Etcd | None
    hand_over: Path | None = None
    to: str = ""
    kms: tuple[str, str, str] = ("", "", "")
    reload_with: str = ""
    patience: float = 900.0
    settle: float = 5.0
    kms_wait: float = 480.0
    migration: float = 0.0


def planned(asked: Asked, key: bytes, state: Path, environment: Mapping[str, str]) -> Plan:
    """Return the plan of a rotation.

    Args:
        asked: what is asked for.
        key: the fingerprint key.
        state: the folder of journals, where an unfinished rotation would be.
        environment: of the process.

    Raises:
        PlanError: a precondition fails; the text says which.
        UsageError: what is asked for is not possible.
        ClusterError, SourceError: an API server or etcd cannot be asked.
    """
    _refuse_unfinished(state)
    configuration = _configuration(asked.configs)
    _refuse_joined(configuration)
    found = asyncio.run(_servers(asked, configuration, environment))
    _refuse_unreadable(asked.etcd, configuration)
    now = datetime.now(UTC)
    chosen = _chosen(configuration, asked.to)
    facts = _facts(asked, configuration, chosen)
    if not asked.to and configuration.rules[min(chosen)].writer.kind == KMS:
        summary, made = _kek(asked, facts, found)
        notes = [_STAYS] if asked.etcd is not None else [_STAYS, _UNPROVED]
    else:
        new = _new(asked, configuration, chosen, now)
        _refuse_deaf(asked, new)
        made = steps(facts, new, Secrecy(partial(seal, key=key), key))
        summary = _summary(facts, new)
        notes = _notes(asked)
    return Plan(
        tool=f"strongroom {strongroom.__version__}",
        created=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        key_id=key_id(key),
        summary=summary,
        steps=made,
        notes=tuple(notes),
    )


def _refuse_unfinished(state: Path) -> None:
    for one in journal.found(state):
        if not one.finished and any(_is_ours(step) for step in one.plan.steps) and not _as_far_back_as_it_goes(one):
            raise PlanError(
                "a rotation was begun and is not finished",
                hint=f"strongroom plan resume {digest(one.plan)[:_DIGITS]} goes on, undo goes back",
            )


def _as_far_back_as_it_goes(one: journal.Found) -> bool:
    """Tell whether it stopped on its way back where only a proof in etcd leads further, which it has not."""
    if not one.undoing or one.at is None:
        return False
    change = one.plan.steps[one.at].change
    return isinstance(change, RunProcedure) and change.name == KEEP and change.arguments.get("etcd") is None


def _is_ours(step: PlanStep) -> bool:
    return isinstance(step.change, RunProcedure) and step.change.name in _STEPS


def _configuration(paths: Collection[Path]) -> Configuration:
    held: dict[Path, bytes] = {}
    for path in paths:
        try:
            held[path] = path.read_bytes()
        except OSError as error:
            raise PlanError(f"{path} cannot be read", hint=(error.strerror or "").lower()) from None
    first, *others = held
    for other in others:
        if held[other] != held[first]:
            raise PlanError(
                f"{first} and {other} differ",
                hint="all API servers are to work with the same bytes before a rotation begins",
            )
    return parse(held[first], str(first))


async def _servers(asked: Asked, configuration: Configuration, environment: Mapping[str, str]) -> tuple[Loaded, ...]:
    """Return what every server works with; refuse where that is not the file, or a server was not named."""
    found = tuple(await asyncio.gather(*(loaded(server, environment) for server in asked.servers)))
    wanted = config_hash(configuration.text.reveal())
    for server, one in zip(asked.servers, found, strict=True):
        if one.config_hash != wanted:
            what = "another EncryptionConfiguration than" if one.config_hash else "no EncryptionConfiguration, not"
            raise PlanError(
                f"{server.name} works with {what} {asked.configs[0]}",
                hint="bring the same file to every API server, and wait until each has loaded it",
            )
    check_complete(await members(asked.servers[0], environment), {one.identity for one in found})
    if any(provider.kind == KMS for rule in configuration.rules for provider in rule.providers):
        for server in asked.servers:
            if await kms_healthy(server, environment) is False:
                raise PlanError(
                    f"{server.name} finds a KMS provider unhealthy",
                    hint="/healthz/kms-providers says which; what it holds cannot be rewritten like that",
                )
    return found


def _refuse_joined(configuration: Configuration) -> None:
    """Refuse rules that the API server joins: what is first in one of them need not encrypt anything."""
    if configuration.joined:
        names = ", ".join(configuration.joined)
        raise PlanError(
            f"several rules name {names}, and the API server joins them",
            hint="write one rule with all of their providers, in that order, and have every API server load it first",
        )


def _refuse_unreadable(etcd: Etcd | None, configuration: Configuration) -> None:
    """Refuse while anything in etcd cannot be read: its key may be one that would go, or be gone already."""
    if etcd is None:
        return
    known = readable(configuration)
    for one in count(etcd, EVERYTHING, lambda _: None).counts:
        pattern = None if one.resource in UNSERVED else pattern_of(name_of(one.resource), known)
        if pattern is None and one.how.encrypted:
            raise PlanError(
                f"{one.number} {one.resource} lie in etcd under {one.how.show()}, and no rule of the file covers them",
                hint="no API server can read them: bring the rule back, or delete them",
            )
        if pattern is not None and not any(
            (how.provider, how.key) == (one.how.provider, one.how.key) for how in known[pattern]
        ):
            raise PlanError(
                f"{one.number} {one.resource} lie in etcd in a way that no API server can read: {one.how.show()}",
                hint="strongroom at-rest verify names them; bring the key back, or delete them: an API server that "
                "restarts before does not become ready",
            )


def _chosen(configuration: Configuration, to: str) -> frozenset[int]:
    """Return which rules are rotated: not those that leave resources unencrypted on purpose, unless all do."""
    rules = configuration.rules
    if not to:
        for kinds in (WITH_KEYS, (KMS,)):
            found = frozenset(index for index, rule in enumerate(rules) if rule.writer.kind in kinds)
            if found:
                return found
    encrypting = frozenset(i for i, rule in enumerate(rules) if any(one.kind != IDENTITY for one in rule.readers))
    return encrypting or frozenset(range(len(rules)))


def _new(asked: Asked, configuration: Configuration, chosen: frozenset[int], now: datetime) -> Provider | None:
    if asked.to == CURRENT:
        return None
    if asked.to == IDENTITY:
        return changes.PLAIN
    if asked.to == KMS:
        name, endpoint, timeout = asked.kms
        return changes.plugin(name, endpoint, timeout)
    kind = asked.to or configuration.rules[min(chosen)].writer.kind
    if asked.to and (staged := _staged(configuration, chosen, kind)) is not None:
        return staged
    # aescbc is kept to read; a rotation is the occasion to leave it.
    return changes.fresh_key(kind if kind in changes.NEW_KINDS else "secretbox", configuration.names, now.date())


def _refuse_deaf(asked: Asked, new: Provider | None) -> None:
    """Refuse a KMS plugin that does not answer: no API server starts with it."""
    if new is None or new.kind != KMS:
        return
    if asked.hand_over is not None and not _socket(new.endpoint).is_socket():
        return  # a note says it: this may be none of the hosts
    try:
        with Client(new.endpoint) as client:
            health = client.status().healthz
    except KeyUseError:
        health = ""
    if health != "ok":
        raise PlanError(
            f"no healthy KMS plugin answers on {new.endpoint}: an API server that reads such a file does not start",
            hint="start the plugin first, on every control-plane node",
        )


def _staged(configuration: Configuration, chosen: frozenset[int], kind: str) -> Provider | None:
    """Return a key that everything reads with and nothing writes with yet, as ``configure --staged`` leaves it."""
    rules = [configuration.rules[index] for index in sorted(chosen)]
    if any(rule.writer.kind != IDENTITY for rule in rules):
        return None
    found = (provider for provider in rules[0].providers if provider.kind == kind)
    return next((Provider(kind, provider.keys[:1]) for provider in found if provider.keys), None)


def _facts(asked: Asked, configuration: Configuration, chosen: frozenset[int]) -> Facts:
    handed = ""
    if asked.hand_over is not None:
        handed = str(asked.hand_over.resolve() / "encryption-configuration.yaml").lstrip("/")
    files = tuple(dict.fromkeys(str(path.resolve()).lstrip("/") for path in asked.configs))
    return Facts(
        configuration,
        chosen,
        files,
        asked.servers,
        asked.etcd,
        handed,
        asked.reload_with,
        asked.patience,
        asked.settle,
        asked.migration,
    )


def _kek(asked: Asked, facts: Facts, found: tuple[Loaded, ...]) -> tuple[str, tuple[PlanStep, ...]]:
    plugins = {facts.configuration.rules[index].writer.name for index in facts.chosen}
    if len(plugins) > 1:
        raise UsageError("several KMS plugins encrypt", hint="rotate them with --to, one after the other")
    provider = plugins.pop()
    plugin = _plugin(facts, provider)
    if plugin.api_version != "v2":
        raise UsageError(f"KMS plugin {provider} speaks v1, which is not rotated", hint="go over to v2 with --to kms")
    hash_ = _told_by(plugin.endpoint) or _seen(found, provider)
    arguments = {"provider": provider, "key_id_hash": hash_, "settle": asked.kms_wait}
    return f"rewrite everything under the present key of KMS plugin {provider}", kms_steps(facts, arguments)


def _plugin(facts: Facts, name: str) -> Provider:
    providers = (provider for rule in facts.configuration.rules for provider in rule.providers)
    return next(provider for provider in providers if provider.kind == KMS and provider.name == name)


def _told_by(endpoint: str) -> str:
    """Return the hash of the key that a plugin on this host names; empty where its socket is not here."""
    if not _socket(endpoint).is_socket():
        return ""
    with Client(endpoint) as client:
        return config_hash(client.status().key_id.encode())


def _socket(endpoint: str) -> Path:
    return Path(endpoint.removeprefix("unix://"))


def _seen(found: tuple[Loaded, ...], provider: str) -> str:
    """Return the hash of the key that all API servers were told last."""
    seen = {one.kms_now(provider) for one in found}
    if len(seen) > 1 or "" in seen:
        raise PlanError(
            f"the API servers do not agree yet on the key of KMS plugin {provider}",
            hint="each asks its plugin once a minute; try again after that",
        )
    return seen.pop()


def _summary(facts: Facts, new: Provider | None) -> str:
    rules = [facts.configuration.rules[index] for index in sorted(facts.chosen)]
    resources = ", ".join(dict.fromkeys(name for rule in rules for name in rule.resources))
    if new is None:
        return f"rewrite {resources} under the key that encrypts now"
    former = ", ".join(dict.fromkeys(rule.writer.show() for rule in rules))
    kind = "plain text" if new.kind == IDENTITY else new.keys[0].name if new.keys else f"{new.kind} {new.name}"
    return f"rotate {resources} from {former} to {kind}"


def _notes(asked: Asked) -> list[str]:
    notes = []
    if asked.etcd is None:
        notes.append(
            "The old key stays: without --etcd it cannot be proved that nothing is encrypted under it. "
            "strongroom at-rest rotate --to current --etcd URL finishes that."
        )
    if asked.to == KMS:
        notes.append(
            f"The plugin has to listen on {asked.kms[1]} on every control-plane node, and the pod of the API server to "
            "see the folder of the socket, as a hostPath: it does not start without."
        )
    if asked.hand_over is not None:
        notes.append(f"{asked.hand_over} holds keys: delete it when the rotation is over.")
    return notes
