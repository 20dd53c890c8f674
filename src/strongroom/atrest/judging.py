"""What facts about encryption at rest come to: which bytes lie as they should, and what is wrong. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from strongroom.atrest.configuration import Configuration
from strongroom.atrest.expected import UNSERVED
from strongroom.atrest.members import Member
from strongroom.atrest.servers import STATUS, Loaded, config_hash
from strongroom.atrest.stored import Count
from strongroom.model.at_rest import (
    Configured,
    ConfiguredFile,
    KmsKey,
    Problem,
    Reader,
    ServerState,
    Standing,
    StoredLine,
)
from strongroom.model.controlplane import EncryptionConfiguration, Provider, StoredAs
from strongroom.model.finding import Severity
from strongroom.sources.etcd_keys import SECRETS, rules_for

_COASTING = 180.0
"""Seconds for which an API server may write under a key that its plugin no longer names: k8s.io/apiserver
``kmsv2PluginWriteDEKSourceMaxTTL`` of ``pkg/server/options/encryptionconfig/config.go``."""

PLAINTEXT = "plaintext"
"""What a problem is named that is no matter of keys."""
_PLAIN = Reader("identity")
_TO_STORAGE = "to_storage"
NOT_READY = "an API server that restarts before does not become ready"
"""It is only once it could list everything that it serves (feature WatchCacheInitializationPostStartHook)."""

_REVOKED = "https://github.com/kubernetes/kubernetes/issues/138950"


def rules_of(configuration: Configuration) -> tuple[Configured, ...]:
    """Return what a configuration file says, by names."""
    return tuple(
        Configured(rule.resources, tuple(Reader(one.kind, one.name) for one in rule.readers))
        for rule in configuration.rules
    )


def rules_of_object(configuration: EncryptionConfiguration) -> tuple[Configured, ...]:
    """Return what a configuration says that was found among other objects."""
    return tuple(
        Configured(rule.resources, tuple(reader for provider in rule.providers for reader in _readers(provider)))
        for rule in configuration.rules
    )


def _readers(provider: Provider) -> Iterator[Reader]:
    if provider.kind in ("kms", "identity"):
        yield Reader(provider.kind, provider.name)
    for key in provider.keys:
        yield Reader(provider.kind, key.name)


def readers_of(rules: Sequence[Configured], resource: str) -> tuple[Reader, ...]:
    """Return what serves a resource, what encrypts first; none where no rule covers it."""
    found = rules_for([rule.resources for rule in rules], resource)
    return tuple(reader for index in found for reader in rules[index].readers)


def expected(rules: Sequence[Configured]) -> tuple[str, ...]:
    """Return the names of all rules, wildcards among them, and Secrets: what is to be looked for in etcd."""
    return tuple(dict.fromkeys((SECRETS, *(name for rule in rules for name in rule.resources))))


def standing(line: Count, readers: Sequence[Reader], kms: Mapping[str, KmsKey], *, configured: bool) -> Standing:
    """Judge one way of lying in etcd by what serves its resource and by the present keys of KMS plugins.

    Args:
        line: what lies in that way.
        readers: `readers_of` its resource.
        kms: of each plugin, its present key where that is known.
        configured: whether a configuration is known at all.
    """
    if not line.how.encrypted:
        # A rule may leave a resource out of a wildcard by writing it in plain text; Secrets are never left out.
        wanted = readers[:1] == (_PLAIN,) and line.resource != SECRETS
        return Standing.CURRENT if wanted else Standing.PLAIN
    if not configured:
        return Standing.OPEN
    place = next((index for index, reader in enumerate(readers) if reader.reads(line.how)), None)
    if place is None:
        return Standing.UNREADABLE
    present = kms.get(line.how.key) if line.how.kms_key else None
    retired = present is not None and bool(present.now) and not same_key(present.now, line.how)
    return Standing.STALE if place > 0 or retired else Standing.CURRENT


def same_key(named: str, how: StoredAs) -> bool:
    """Tell whether values lie under a key of a KMS plugin, given as its id or as the hash of its id."""
    return named in (how.kms_key, config_hash(how.kms_key.encode()))


def lines(counts: Iterable[Count], rules: Sequence[Configured], kms: Mapping[str, KmsKey]) -> tuple[StoredLine, ...]:
    """Judge what was counted: of everything that rules cover, of Secrets, and of whatever else is encrypted."""
    kept = []
    for one in counts:
        readers = () if one.resource in UNSERVED else readers_of(rules, one.resource)
        if readers or one.resource == SECRETS or one.how.encrypted:
            judged = standing(one, readers, kms, configured=bool(rules))
            kept.append(StoredLine(one.resource, one.how, one.number, one.oldest, one.newest, judged))
    return tuple(kept)


def state_of(name: str, loaded: Loaded, files: Sequence[ConfiguredFile], *, healthy: bool | None) -> ServerState:
    """Say what an API server works with, beside the files that were read."""
    # The first file is the one that bytes are compared with, and that is shown as what is configured.
    wanted = next((file.hash for file in files[:1]), "")
    return ServerState(
        name,
        loaded.config_hash,
        loaded.config_hash == wanted if wanted else None,
        loaded.at,
        loaded.started,
        loaded.reloads_failed,
        healthy,
        tuple(_kms_key(loaded, provider) for provider in sorted({seen.provider for seen in loaded.kms})),
    )


def _kms_key(loaded: Loaded, provider: str) -> KmsKey:
    own = [seen for seen in loaded.kms if seen.provider == provider]
    wrote = max((seen for seen in own if seen.transformation == _TO_STORAGE), key=lambda one: one.last, default=None)
    if wrote is None:
        return KmsKey(provider, loaded.kms_now(provider))
    named = [seen.last for seen in own if seen.transformation == STATUS and seen.key_id_hash == wrote.key_id_hash]
    return KmsKey(provider, loaded.kms_now(provider), None, wrote.key_id_hash, wrote.last, max(named, default=0.0))


def kms_keys(servers: Iterable[ServerState], plugins: Iterable[KmsKey] = ()) -> dict[str, KmsKey]:
    """Return the present key of each plugin: what the plugin says itself, else what API servers were told."""
    found = {key.provider: key for server in servers for key in server.kms if key.now}
    return found | {key.provider: key for key in plugins}


def problems_of_bytes(
    found: Sequence[StoredLine], rules: Sequence[Configured], names: Mapping[tuple[str, StoredAs], Sequence[str]]
) -> Iterator[Problem]:
    """Yield what is wrong with how values lie in etcd; ``names`` has the objects of each way that is not right."""
    for line in found:
        objects = tuple(names.get((line.resource, line.how), ()))
        of = sum(one.number for one in found if one.resource == line.resource)
        many = f"{line.number:,} of {of:,} {line.resource}"
        readers = readers_of(rules, line.resource)
        writer = next(iter(readers), None)
        if line.standing is Standing.PLAIN:
            hint = "at-rest rotate rewrites them"
            if writer in (None, _PLAIN):
                staged = len(readers) > 1
                hint = f"at-rest {'rotate --to secretbox' if staged else 'configure'} encrypts them"
            if readers and _PLAIN not in readers:
                hint = f"no API server can read them: the configuration has no identity provider; {NOT_READY}"
            yield Problem(PLAINTEXT, Severity.HIGH, f"{many} lie in plain text", line.resource, objects, hint)
        elif line.standing is Standing.UNREADABLE:
            message = f"{many} lie under {line.how.show()}, which the configuration does not have"
            hint = f"no API server can read them: bring the key back; {NOT_READY}"
            yield Problem("unknown-key", Severity.CRITICAL, message, line.resource, objects, hint)
        elif line.standing is Standing.STALE and writer is not None:
            present = "the plugin's present key" if writer.reads(line.how) else writer.show()
            message = f"{many} lie under {line.how.show()}, and not under {present}"
            hint = "rewrite them before the older key goes: at-rest rotate"
            yield Problem("old-key", Severity.LOW, message, line.resource, objects, hint)
    yield from _out_of_order(found)


def alike(rules: Iterable[Configured]) -> Iterator[str]:
    """Yield what is to be said of keys that stored bytes do not tell apart: names that differ only after a colon."""
    for rule in rules:
        names: dict[tuple[str, str], list[str]] = {}
        for reader in dict.fromkeys(rule.readers):
            names.setdefault((reader.kind, reader.name.partition(":")[0]), []).append(reader.name)
        for (kind, _), same in names.items():
            if len(same) > 1:
                yield f"stored bytes do not tell the {kind} keys {' and '.join(same)} apart: they differ after a colon"


def _out_of_order(found: Sequence[StoredLine]) -> Iterator[Problem]:
    """Find writes under a retired key that are newer than the first ones under the present key."""
    for present in found:
        if present.standing is Standing.CURRENT and present.how.kms_key:
            for other in found:
                same_plugin = (other.resource, other.how.key) == (present.resource, present.how.key)
                if same_plugin and other.standing is Standing.STALE and other.newest > present.oldest:
                    yield Problem(
                        "kms-old-key",
                        Severity.MEDIUM,
                        f"revision {other.newest} of {other.resource} was written under {other.how.show()} after "
                        f"{present.how.kms_key} had been used: an API server went on under the retired key",
                        other.resource,
                        hint=f"it may for minutes after a rotation; if it does so later, see {_REVOKED}",
                    )


def problems_of_servers(servers: Iterable[ServerState]) -> Iterator[Problem]:
    """Yield what is wrong with API servers and their KMS plugins."""
    for server in servers:
        if server.problem:
            named = server.name in server.problem
            yield Problem("not-asked", Severity.HIGH, server.problem if named else f"{server.name}: {server.problem}")
        elif server.same is False:
            why = "no configuration" if not server.hash else "another configuration than the file"
            failed = f"; it refused a changed file {server.reloads_failed} times" if server.reloads_failed else ""
            hint = "it takes a change within a minute where it reloads by itself, else it has to be restarted"
            yield Problem("not-loaded", Severity.MEDIUM, f"{server.name} works with {why}{failed}", hint=hint)
        if server.healthy is False:
            providers = ", ".join(key.provider for key in server.kms) or "a KMS plugin"
            hint = f"API servers go on writing under the last key that they were told: {_REVOKED}"
            wrote = max((key.wrote_at for key in server.kms), default=0.0)
            since = f", and wrote last at {_time(wrote)}" if wrote else ""
            yield Problem(
                "kms-unhealthy", Severity.HIGH, f"{server.name} finds {providers} unhealthy{since}", hint=hint
            )
        for key in server.kms:
            if key.wrote_at > key.named_at + _COASTING:
                minutes = int(key.wrote_at - key.named_at) // 60 if key.named_at else 0
                since = f"had not named for {minutes} minutes" if minutes else "never named"
                message = f"{server.name} wrote under a key that {key.provider} {since}"
                yield Problem("kms-old-key", Severity.HIGH, message, hint=f"see {_REVOKED}")


def not_named(alive: Iterable[Member], identities: Sequence[str]) -> Iterator[Problem]:
    """Yield which API servers hold a Lease and were not asked.

    Args:
        alive: the holders of Leases.
        identities: what the servers that were asked call themselves; empty for one without a configuration, which tells
            nothing: it may be any of the holders.
    """
    missing = sorted({member.host for member in alive if member.identity not in identities})
    silent = sum(not identity for identity in identities)
    if len(missing) > silent:
        which = f": {len(missing) - silent} of them not asked" if silent else " was not asked"
        message = f"the API server on {', '.join(missing)}{which}"
        yield Problem("not-named", Severity.MEDIUM, message, hint="name every one with --api-server URL")


def problems_of_plugins(plugins: Iterable[KmsKey]) -> Iterator[Problem]:
    """Yield which KMS plugins say themselves that their key cannot be used."""
    for key in plugins:
        if key.healthy is False:
            message = f"the KMS plugin {key.provider} is unhealthy"
            hint = f"API servers go on writing under the last key that they were told: {_REVOKED}"
            yield Problem("kms-unhealthy", Severity.HIGH, message, hint=hint)


def _time(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return "an unknown time"
