"""A rotation as the steps of a plan: pure, from what is known to what is to be done.

The order is that of https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/#rotating-a-decryption-key. At no
moment, going on or back, is there an object that an API server cannot read:

- a server that works with the file before a step and one that works with the file after it read the same keys, but for
  the first and the last change; at the first, nothing is encrypted under the new key yet, and at the last nothing under
  the old one any more;
- between two changes every server is seen to have loaded the first of them;
- on the way back, ``keep-readable`` stands where the new key is about to go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from strongroom.atrest import changes
from strongroom.atrest.configuration import Configuration, KeyRef, Provider
from strongroom.atrest.edit import Edit, Seal, edit
from strongroom.atrest.expected import Expected, expected, patterns
from strongroom.atrest.procedures.arguments import EtcdArgument, ServerArgument
from strongroom.atrest.servers import Server, config_hash
from strongroom.atrest.stored import Etcd
from strongroom.model.plan import ABSENT, PlanStep, RunProcedure, Splice, WriteFile

WAIT, REWRITE, PROVE, KEEP = "wait-until-loaded", "rewrite", "prove", "keep-readable"
_PRIVATE = 0o600


class Facts(NamedTuple):
    """What a rotation starts from.

    Attributes:
        configuration: what all API servers work with.
        chosen: the indices of its rules that are rotated; the others stay as they are.
        files: the files of those API servers whose hosts can be written to, relative to the folder of the plan; all
            hold the same bytes.
        handed: the file that is made for the other hosts, relative to the same folder; empty where there are none.
        servers: all API servers.
        etcd: whose bytes prove it; None where it cannot be read.
        reload_with, patience, settle: as of `strongroom.atrest.procedures.wait_until_loaded`.
        migration: as of `strongroom.atrest.procedures.rewrite`.
    """

    configuration: Configuration
    chosen: frozenset[int]
    files: tuple[str, ...]
    servers: tuple[Server, ...]
    etcd: Etcd | None
    handed: str = ""
    reload_with: str = ""
    patience: float = 900.0
    settle: float = 5.0
    migration: float = 0.0


class Secrecy(NamedTuple):
    """How a plan hides and names what files hold.

    Attributes:
        seal: hides a value.
        key: the fingerprint key, for digests.
    """

    seal: Seal
    key: bytes


def steps(facts: Facts, new: Provider | None, secrecy: Secrecy) -> tuple[PlanStep, ...]:
    """Return the steps of a rotation.

    Args:
        facts: where it starts.
        new: what shall encrypt: a local provider with one key, a KMS plugin, ``identity``; None to keep what encrypts
            now, and only have everything rewritten under it and the other keys removed.
        secrecy: how values are hidden.

    Raises:
        PlanError: the file is written in a way that cannot be edited.
        DocumentError: the API server would refuse what it came to.
    """
    return tuple(_Steps(facts, secrecy).all(new))


class _Steps:
    def __init__(self, facts: Facts, secrecy: Secrecy) -> None:
        self._facts, self._secrecy = facts, secrecy
        self._now = facts.configuration
        self._handed = False
        self._servers = tuple(ServerArgument.of(server) for server in facts.servers)
        self._etcd = None if facts.etcd is None else EtcdArgument.of(facts.etcd)

    def all(self, new: Provider | None) -> Iterator[PlanStep]:
        facts, former = self._facts, self._now
        second = former if new is None else changes.with_second(former, new, facts.chosen)
        if new is not None and second == former and self._etcd is not None:
            # Nothing is taken away on the way back then; but nothing shall be left under the new key either.
            yield self._keep(former, changes.promoted(former, new, facts.chosen))
        yield self._wait("", "see that every API server works with the file as it is")
        if new is not None:
            if second != former:
                yield from self._write(second, "add {} as a key that reads", new)
                # It works on the way back, where it stands after the wait and before the file of old.
                yield self._keep(former, changes.promoted(self._now, new, facts.chosen))
                yield self._wait(_hash(former))
            before = self._now
            first = changes.promoted(before, new, facts.chosen)
            if first != before:
                yield from self._write(first, "let {} encrypt", new)
                yield self._wait(_hash(before))
        yield self._rewrite()
        if self._etcd is not None:
            yield self._prove(self._etcd)
            yield from self._remove()

    def _remove(self) -> Iterator[PlanStep]:
        before, old = self._now, changes.obsolete(self._now, self._facts.chosen)
        if old:
            named = ", ".join(sorted(one.show() for one in old))
            yield from self._write(changes.without(before, old, self._facts.chosen), f"remove {named}", None)
            yield self._wait(_hash(before))

    def _write(self, wanted: Configuration, what: str, new: Provider | None) -> Iterator[PlanStep]:
        """Yield the steps that bring every file to a configuration, which then is the present one."""
        before = self._now
        change = edit(before, wanted, self._secrecy.seal, "the EncryptionConfiguration")
        title = what.format(_named(new)) if new is not None else what
        for path in self._facts.files:
            yield PlanStep(f"{title} in /{path}", self._file(path, before, change))
        if self._facts.handed:
            yield PlanStep(f"{title} in the file to hand over", self._hand(before, change))
            self._handed = True
        self._now = change.configuration

    def _file(self, path: str, before: Configuration, change: Edit) -> WriteFile:
        return WriteFile(
            path,
            before.text.fingerprint(self._secrecy.key),
            change.data.fingerprint(self._secrecy.key),
            change.splices,
            change.hidden,
            _PRIVATE,
            _PRIVATE,
        )

    def _hand(self, before: Configuration, change: Edit) -> WriteFile:
        if self._handed:
            return self._file(self._facts.handed, before, change)
        whole = Splice(0, 0, (self._secrecy.seal(change.data),))
        after = change.data.fingerprint(self._secrecy.key)
        return WriteFile(self._facts.handed, ABSENT, after, (whole,), (), _PRIVATE)

    def _wait(self, before: str, title: str = "wait until every API server has loaded it") -> PlanStep:
        facts = self._facts
        arguments = {
            "servers": self._servers,
            "hash": _hash(self._now),
            "before": before,
            "hand_over": self._to_bring(),
            "reload_with": facts.reload_with,
            "patience": facts.patience,
            "settle": facts.settle,
        }
        return PlanStep(title, RunProcedure(WAIT, _plain(arguments)))

    def _to_bring(self) -> str:
        """Return the file to bring to other hosts; before the first change, and back there, it is that of this host."""
        facts = self._facts
        if not facts.handed:
            return ""
        return f"/{facts.handed if self._handed else facts.files[0]}"

    def _keep(self, former: Configuration, new: Configuration) -> PlanStep:
        arguments = {
            "server": self._servers[0],
            "former": expected(former, self._facts.chosen),
            "new": expected(new, self._facts.chosen),
            "etcd": self._etcd,
        }
        return PlanStep("keep everything readable on the way back", RunProcedure(KEEP, _plain(arguments)))

    def _rewrite(self) -> PlanStep:
        rules = expected(self._now, self._facts.chosen)
        arguments = {"server": self._servers[0], "rules": rules, "etcd": self._etcd, "migration": self._facts.migration}
        return PlanStep(f"rewrite {_listed(rules)}", RunProcedure(REWRITE, _plain(arguments)))

    def _prove(self, etcd: EtcdArgument) -> PlanStep:
        rules = expected(self._now, self._facts.chosen)
        arguments = {"etcd": etcd, "rules": rules, "servers": self._servers, "hash": _hash(self._now)}
        return PlanStep("prove it in etcd's bytes", RunProcedure(PROVE, _plain(arguments)))


def kms_steps(facts: Facts, arguments: dict[str, Any]) -> tuple[PlanStep, ...]:
    """Return the steps after the key-encryption key of a KMS v2 plugin was rotated where it lies.

    Args:
        facts: where it starts; a plugin encrypts.
        arguments: of `strongroom.atrest.procedures.kms_key_seen`, without the servers.
    """
    servers = tuple(ServerArgument.of(server) for server in facts.servers)
    wanted = tuple(
        msgspec.structs.replace(rule, key_id_hash=arguments["key_id_hash"])
        if (rule.provider, rule.key) == ("kms v2", arguments["provider"])
        else rule
        for rule in expected(facts.configuration, facts.chosen)
    )
    rules = tuple(msgspec.structs.replace(rule, anyhow=not rule.key_id_hash) for rule in wanted)
    etcd = None if facts.etcd is None else EtcdArgument.of(facts.etcd)
    seen = RunProcedure("kms-key-seen", _plain({**arguments, "servers": servers}))
    chosen = {"server": servers[0], "rules": rules, "etcd": etcd}
    rewriting = RunProcedure(REWRITE, _plain({**chosen, "migration": facts.migration}))
    found = [
        PlanStep("wait until every API server encrypts under the new key", seen),
        PlanStep(f"rewrite {_listed(rules)}", rewriting),
    ]
    if etcd is not None:
        proof = {"etcd": etcd, "rules": rules, "servers": servers, "hash": _hash(facts.configuration)}
        found.append(PlanStep("prove it in etcd's bytes", RunProcedure(PROVE, _plain(proof))))
    return tuple(found)


def _hash(configuration: Configuration) -> str:
    return config_hash(configuration.text.reveal())


def _plain(arguments: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(arguments)
    return plain


def _named(new: Provider) -> str:
    return KeyRef(new.kind, new.keys[0].name if new.keys else new.name).show()


def _listed(rules: tuple[Expected, ...]) -> str:
    return ", ".join(patterns(rules))
