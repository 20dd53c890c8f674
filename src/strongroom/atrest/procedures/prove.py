"""Proves in etcd's own bytes that every object lies as it shall: under the right key, none in plain text."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterable

import msgspec

from strongroom.atrest.expected import Expected, astray, patterns
from strongroom.atrest.procedures.arguments import EtcdArgument, ServerArgument, told
from strongroom.atrest.procedures.wait_until_loaded import still_loaded
from strongroom.atrest.stored import StoredObject
from strongroom.errors import PlanError
from strongroom.model.procedure import Arguments, Procedure, Told

NAME = "prove"
_NAMED = 5


class Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is proved: that objects lie in an etcd as the rules say.

    Attributes:
        etcd: the etcd.
        rules: how they shall lie.
        servers: all API servers, each of which has to work with the file of ``hash`` even then; none are asked where
            there are none.
        hash: of the file, as they say it.
    """

    etcd: EtcdArgument
    rules: tuple[Expected, ...]
    servers: tuple[ServerArgument, ...] = ()
    hash: str = ""


def _said(arguments: Arguments) -> tuple[str, ...]:
    asked = told(arguments, Proof)
    lines = [f"read {asked.etcd.source.removeprefix('etcd:')}, and stop unless every object lies as it shall:"]
    return (*lines, *(f"  {', '.join(rule.resources)}: {rule.show()}" for rule in asked.rules if not rule.anyhow))


def _check(arguments: Arguments) -> None:
    if not told(arguments, Proof).rules:
        raise PlanError("a step of the plan proves nothing", hint="make the plan again")


def _do(arguments: Arguments, say: Told) -> None:
    asked = told(arguments, Proof)
    if asked.servers:
        asyncio.run(still_loaded(asked.servers, asked.hash, os.environ))
    prove(astray(asked.etcd.etcd(), asked.rules, lambda _: None))
    say(f"proved in etcd: {', '.join(patterns(asked.rules))}")


def prove(found: Iterable[StoredObject]) -> None:
    """Refuse where objects do not lie as they shall.

    Args:
        found: those that do not; they are counted, and the first ones named.

    Raises:
        PlanError: there is one.
    """
    counts: Counter[str] = Counter()
    named: list[str] = []
    for one in found:
        counts[f"{one.resource} {_how(one)}"] += 1
        if len(named) < _NAMED:
            named.append(f"{one.resource} {one.name}")
    if counts:
        raise PlanError(
            f"not everything was rewritten: {', '.join(f'{number} {what}' for what, number in counts.most_common())}",
            hint=f"no key is removed before that; among them {', '.join(named)}",
        )


def _how(one: StoredObject) -> str:
    return f"in {one.how.show()}" if not one.how.encrypted else f"under {one.how.show()}"


def _nothing(_: Arguments) -> None:
    """What was proved holds for the moment of the proof; every API server writes with the right key by then."""


def _leave(_: Arguments, __: Told) -> None:
    """A proof changes nothing."""


PROCEDURE = Procedure(NAME, _said, _check, _do, _nothing, _leave)
