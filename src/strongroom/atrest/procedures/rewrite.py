"""Has every object rewritten, so that it lies in etcd under the key that encrypts now."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from strongroom.atrest.expected import Expected, astray, name_of, rule_of
from strongroom.atrest.members import client_of
from strongroom.atrest.procedures.arguments import EtcdArgument, ServerArgument, told
from strongroom.errors import PlanError
from strongroom.kube.client import Client
from strongroom.kube.discovery import Discovery, Served, discover
from strongroom.kube.migration import migrate, offered
from strongroom.kube.pace import Pace
from strongroom.kube.rewriting import Progress, Rewriter, Rewritten
from strongroom.model.procedure import Arguments, Procedure, Told

NAME = "rewrite"
_ROUNDS = 5
_NAMED = 5
# Some kinds can be listed and never changed, such as ComponentStatus; they lie in no etcd.
_NOT_PATCHED = frozenset({405})


class Rewriting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is rewritten.

    Attributes:
        server: through which API server.
        rules: which resources, and how they shall lie then.
        etcd: where it can be seen what needs it; None where that cannot be read: then everything is rewritten.
        migration: for how many seconds a StorageVersionMigration of one resource is waited for, where the cluster
            offers them; what it leaves is rewritten from here. 0 to rewrite everything from here.
    """

    server: ServerArgument
    rules: tuple[Expected, ...]
    etcd: EtcdArgument | None = None
    migration: float = 0.0


def _said(arguments: Arguments) -> tuple[str, ...]:
    asked = told(arguments, Rewriting)
    which = "every object that etcd has otherwise" if asked.etcd else "every object"
    return (
        f"rewrite {which}, through {asked.server.name}, by a patch that changes nothing:",
        *(f"  {', '.join(rule.resources)}: {rule.show()}" for rule in asked.rules if not rule.anyhow),
        *(("first by a StorageVersionMigration, if the cluster offers that",) if asked.migration else ()),
    )


def _check(arguments: Arguments) -> None:
    if not told(arguments, Rewriting).rules:
        raise PlanError("a step of the plan rewrites nothing", hint="make the plan again")


def _do(arguments: Arguments, say: Told) -> None:
    asyncio.run(rewrite(told(arguments, Rewriting), say))


async def rewrite(asked: Rewriting, say: Told) -> None:
    """Rewrite what needs it; where etcd can be read, until nothing does.

    Raises:
        PlanError: the API server refuses some; some are written with another key all the time.
        ClusterError: the API server cannot be asked.
        SourceError: etcd cannot be read.
    """
    async with client_of(asked.server.server(), os.environ) as client:
        found = await discover(client)
        wanted = {one.name: one for one in found.served.values() if _matters(asked.rules, one.name)}
        if asked.etcd is None:
            await _migrate(client, found, wanted.values(), asked.migration, say)
            await _rewrite(client, dict.fromkeys(wanted.values()), say)
            return
        for turn in range(_ROUNDS):
            names = await asyncio.to_thread(_stale, asked.etcd, asked.rules)
            if not names:
                return
            if unknown := sorted(set(names) - set(wanted)):
                raise PlanError(
                    f"{unknown[0]} lie in etcd, and the API server does not serve them",
                    hint="what is left over of a removed API has to go, or its API to come back",
                )
            stale = {wanted[resource]: of_it for resource, of_it in names.items()}
            if turn == 0 and await _migrate(client, found, stale, asked.migration, say):
                continue
            await _rewrite(client, stale, say)
        names = await asyncio.to_thread(_stale, asked.etcd, asked.rules)
        if names:
            resource, left = min(names.items())
            raise PlanError(
                f"{sum(map(len, names.values()))} objects are not as they shall be after {_ROUNDS} rounds",
                hint=f"does an API server write with another key? among them {resource} {min(left)}",
            )


async def _migrate(client: Client, found: Discovery, resources: Iterable[Served], patience: float, say: Told) -> bool:
    """Let the cluster rewrite resources by itself; tell whether it was asked to."""
    migrations = offered(found)
    if migrations is None or not patience:
        return False
    for served in resources:
        say(f"{served.name}: the cluster rewrites them (StorageVersionMigration)")
        if not await migrate(client, migrations, served, patience):
            say(f"{served.name}: it did not finish; what it left is rewritten from here")
    return True


def _matters(rules: tuple[Expected, ...], name: str) -> bool:
    rule = rule_of(rules, name)
    return rule is not None and not rule.anyhow


def _stale(etcd: EtcdArgument, rules: tuple[Expected, ...]) -> dict[str, set[str]]:
    names: defaultdict[str, set[str]] = defaultdict(set)
    for one in astray(etcd.etcd(), rules, lambda _: None):
        names[name_of(one.resource)].add(one.name)
    return dict(names)


async def _rewrite(client: Client, wanted: Mapping[Served, set[str] | None], say: Told) -> None:
    pace = Pace()
    for served, only in wanted.items():
        told_: list[int] = []

        def tell(progress: Progress, served: Served = served, told_: list[int] = told_) -> None:
            if int(progress.seconds // 5) not in told_:
                told_.append(int(progress.seconds // 5))
                left = f", about {progress.left:.0f} s left" if progress.seconds > 1 else ""
                say(f"{served.name}: {progress.done} of about {progress.total}{left}")

        came = await Rewriter(client, pace, tell).rewrite(served, only)
        _refuse(served, came)
        say(f"{served.name}: {came.written} rewritten")


def _refuse(served: Served, came: Rewritten) -> None:
    refused = [(name, status) for name, status in came.refused if status not in _NOT_PATCHED]
    if refused:
        named = ", ".join(f"{name} ({status})" for name, status in refused[:_NAMED])
        raise PlanError(
            f"the API server refuses to rewrite {len(refused)} {served.name}",
            hint=f"does an admission webhook object, or a right miss? {named}",
        )


def _nothing(_: Arguments) -> None:
    """What was rewritten is proved by the step after it."""


def _leave(_: Arguments, __: Told) -> None:
    """Objects stay as they are: going back rewrites them where a key is about to go, and not before."""


PROCEDURE = Procedure(NAME, _said, _check, _do, _nothing, _leave)
