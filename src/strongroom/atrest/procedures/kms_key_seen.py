"""Waits until every API server encrypts under a new key of a KMS v2 plugin.

https://github.com/kubernetes/enhancements/tree/master/keps/sig-auth/3299-kms-v2-improvements ("Rotation"): API servers
ask the plugin about once a minute, and work for up to three minutes with what they knew before; storage is migrated no
sooner than 3 + N + M minutes after the key was rotated, where N is how long the plugin takes to see it, and M is at
least 5. That N is over is seen here, so 3 + M minutes remain.
"""

from __future__ import annotations

import asyncio
import os
import time

import msgspec

from strongroom.atrest.procedures.arguments import ServerArgument, told
from strongroom.atrest.servers import Loaded, loaded
from strongroom.errors import ClusterError, KubeconfigError, PlanError
from strongroom.model.procedure import Arguments, Procedure, Told

NAME = "kms-key-seen"
_POLL = 5.0
_SAY_AGAIN = 30.0
_STAYS = "going back changes nothing: everything stays under the key that the plugin names, for the KMS decides on that"


class Seeing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is waited for.

    Attributes:
        servers: all API servers.
        provider: the name of the plugin.
        key_id_hash: the hash of the id of the new key.
        settle: how many seconds pass after all have seen it.
        patience: for how many seconds it is waited.
    """

    servers: tuple[ServerArgument, ...]
    provider: str
    key_id_hash: str
    settle: float = 480.0
    patience: float = 900.0


def _said(arguments: Arguments) -> tuple[str, ...]:
    asked = told(arguments, Seeing)
    return (
        f"wait until each has seen the key {asked.key_id_hash[:19]} of KMS plugin {asked.provider}:",
        *(f"  {one.name}" for one in asked.servers),
        f"then wait {asked.settle:.0f} s more, so that none works with the former one any longer (KEP-3299)",
        _STAYS,
    )


def _check(arguments: Arguments) -> None:
    if not told(arguments, Seeing).servers:
        raise PlanError("a step of the plan waits for no API server", hint="make the plan again")


def _do(arguments: Arguments, say: Told) -> None:
    asyncio.run(_wait(told(arguments, Seeing), say))


async def _wait(asked: Seeing, say: Told) -> None:
    began = said = time.monotonic()
    while behind := [one.name for one in asked.servers if not await _sees(one, asked)]:
        now = time.monotonic()
        if now - began > asked.patience:
            raise PlanError(
                f"{behind[0]} has not seen the new key of KMS plugin {asked.provider}",
                hint="is its plugin healthy, and does it see the rotation?",
            )
        if now - said > _SAY_AGAIN:
            say(f"waiting for {', '.join(behind)}")
            said = now
        await asyncio.sleep(_POLL)
    if asked.settle:
        say(f"every API server has seen the key; {asked.settle:.0f} s to wait")
    await asyncio.sleep(asked.settle)
    _refuse([one.name for one in asked.servers if not await _sees(one, asked)], asked)


def _verify(arguments: Arguments) -> None:
    asked = told(arguments, Seeing)

    async def behind() -> list[str]:
        return [one.name for one in asked.servers if not await _sees(one, asked)]

    _refuse(asyncio.run(behind()), asked)


def _refuse(behind: list[str], asked: Seeing) -> None:
    if behind:
        raise PlanError(f"{behind[0]} works with another key of KMS plugin {asked.provider} again")


async def _sees(one: ServerArgument, asked: Seeing) -> bool:
    try:
        found: Loaded = await loaded(one.server(), os.environ)
    except KubeconfigError:
        raise
    except ClusterError:
        return False
    return found.kms_now(asked.provider) == asked.key_id_hash


def _leave(_: Arguments, say: Told) -> None:
    """Waiting changed nothing; whether the key goes back is for the KMS."""
    say(_STAYS)


PROCEDURE = Procedure(NAME, _said, _check, _do, _verify, _leave)
