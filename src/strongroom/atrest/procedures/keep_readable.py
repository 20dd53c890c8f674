"""Stands before the first step that could encrypt anything under a new key, and works on the way back.

Going back means that the new key is taken from the files again. Before that, everything that was encrypted under it is
rewritten under the former one, and etcd's bytes prove it.
"""

from __future__ import annotations

import asyncio
import itertools

import msgspec

from strongroom.atrest.expected import Expected, astray
from strongroom.atrest.procedures.arguments import EtcdArgument, ServerArgument, told
from strongroom.atrest.procedures.prove import prove
from strongroom.atrest.procedures.rewrite import Rewriting, rewrite
from strongroom.errors import PlanError
from strongroom.model.procedure import Arguments, Procedure, Told

NAME = "keep-readable"


class Keeping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What has to be readable without the new key.

    Attributes:
        server: through which API server objects are rewritten.
        former: how objects lie that were written by the former configuration.
        new: how those lie that were written with the new key.
        etcd: where it is proved; None where that cannot be read: then the new key is never taken away again.
    """

    server: ServerArgument
    former: tuple[Expected, ...]
    new: tuple[Expected, ...]
    etcd: EtcdArgument | None = None


def _said(arguments: Arguments) -> tuple[str, ...]:
    asked = told(arguments, Keeping)
    if asked.etcd is None:
        return ("going back stops here: without etcd it cannot be proved that nothing needs the new key",)
    return ("nothing now; going back first rewrites here what was encrypted under the new key, and proves it in etcd",)


def _check(arguments: Arguments) -> None:
    told(arguments, Keeping)


def _do(arguments: Arguments, _: Told) -> None:
    told(arguments, Keeping)


def _verify(_: Arguments) -> None:
    """Nothing is done on the way there."""


def _undo(arguments: Arguments, say: Told) -> None:
    asked = told(arguments, Keeping)
    if asked.etcd is None:
        raise PlanError(
            "the new key stays: without etcd it cannot be proved that nothing is encrypted under it",
            hint="the former key encrypts again, and both are read; strongroom at-rest rotate --to current --etcd URL "
            "takes the new one away",
        )
    under = {(rule.provider, rule.key) for rule in asked.new if not rule.anyhow}
    found = astray(asked.etcd.etcd(), asked.former, lambda _: None)
    if next((one for one in found if (one.how.provider, one.how.key) in under), None) is None:
        return
    asyncio.run(rewrite(Rewriting(asked.server, asked.former, asked.etcd), say))
    again = astray(asked.etcd.etcd(), asked.former, lambda _: None)
    prove(itertools.filterfalse(lambda one: (one.how.provider, one.how.key) not in under, again))


PROCEDURE = Procedure(NAME, _said, _check, _do, _verify, _undo)
