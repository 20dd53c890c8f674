"""Waits until every API server works with the same EncryptionConfiguration, as their own metrics say."""

from __future__ import annotations

import asyncio
import os
import shlex
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from strongroom.atrest.members import check_complete, members
from strongroom.atrest.procedures.arguments import ServerArgument, told
from strongroom.atrest.servers import Loaded, Server, loaded
from strongroom.errors import ClusterError, KubeconfigError, PlanError
from strongroom.model.procedure import Arguments, Procedure, Told

NAME = "wait-until-loaded"
_POLL = 2.0
_SAY_AGAIN = 20.0
# Of somebody else's clock; and for how long a request that began under the former keys may still write.
_LONG_AGO = 120.0
_COMMAND_SECONDS = 600.0


class Waiting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is waited for.

    Attributes:
        servers: all API servers of the cluster.
        hash: of the file that they shall have loaded, as they say it; empty for none.
        before: of the file that the step before replaced; empty for none.
        hand_over: the file to be brought to hosts that this one cannot write to; empty where there are none.
        reload_with: a command that makes a server load the file, such as one that restarts it; empty where it does so
            itself, or a person does it.
        patience: for how many seconds it is waited.
        settle: how many seconds requests have to end that began before.
    """

    servers: tuple[ServerArgument, ...]
    hash: str
    before: str = ""
    hand_over: str = ""
    reload_with: str = ""
    patience: float = 900.0
    settle: float = 5.0


class _Look(NamedTuple):
    """What one server said, or why it said nothing."""

    server: Server
    loaded: Loaded | None
    why: str = ""


def _said(arguments: Arguments) -> tuple[str, ...]:
    asked = told(arguments, Waiting)
    lines = [f"wait until each has loaded {asked.hash or 'no EncryptionConfiguration'}"]
    lines += [f"  {one.name}{f' ({one.url})' if one.url and one.url != one.name else ''}" for one in asked.servers]
    if asked.hand_over:
        lines.append(f"bring {asked.hand_over} to each host that has not the file yet, under the path that its")
        lines.append("  kube-apiserver takes as --encryption-provider-config, with mode 0600")
    if asked.reload_with:
        lines.append(f"one after the other, those that have not are reloaded with: {asked.reload_with}")
    lines.append(f"stop after {asked.patience:.0f} s; strongroom plan resume then goes on waiting")
    return tuple(lines)


def _check(arguments: Arguments) -> None:
    asked = told(arguments, Waiting)
    if not asked.servers:
        raise PlanError("a step of the plan waits for no API server", hint="make the plan again")
    if asked.reload_with:
        _words(asked.reload_with)


def _do(arguments: Arguments, say: Told) -> None:
    asked = told(arguments, Waiting)
    asyncio.run(_Wait(asked, {asked.hash}, say).run())


def _verify(arguments: Arguments) -> None:
    asked = told(arguments, Waiting)
    asyncio.run(still_loaded(asked.servers, asked.hash, os.environ))


async def still_loaded(servers: Sequence[ServerArgument], hash_: str, environment: Mapping[str, str]) -> None:
    """Refuse where not every API server works with a file, or one is not among those named.

    Raises:
        PlanError: so it is, or one does not answer.
        ClusterError: the Leases of the API servers cannot be read.
    """
    looks = await _all(servers, environment)
    for look in looks:
        if look.loaded is None or look.loaded.config_hash != hash_:
            raise PlanError(f"{look.server.name} does not work with the file", hint=_progress(look))
    await _complete(looks, environment)


async def _complete(looks: Sequence[_Look], environment: Mapping[str, str]) -> None:
    found = await members(looks[0].server, environment)
    check_complete(found, {look.loaded.identity for look in looks if look.loaded is not None and look.loaded.identity})


def _undo(arguments: Arguments, say: Told) -> None:
    asked = told(arguments, Waiting)
    # What came later was gone back on: its file may still be loaded. That of the step before reads the same.
    asyncio.run(_Wait(asked, {asked.hash, asked.before} if asked.before else {asked.hash}, say).run())


PROCEDURE = Procedure(NAME, _said, _check, _do, _verify, _undo)


class _Wait:
    """One wait.

    Args:
        asked: what for.
        wanted: the hashes of which each server is to have loaded one.
        say: told what is going on.
    """

    def __init__(self, asked: Waiting, wanted: Collection[str], say: Told) -> None:
        self._asked, self._wanted, self._say = asked, wanted, say
        self._environment = os.environ
        self._said = ""
        self._said_at = 0.0
        self._reloaded: set[str] = set()

    async def run(self) -> None:
        """Wait.

        Raises:
            PlanError: it took too long; a server is not among those named; a command failed.
            ClusterError: the Leases of the API servers cannot be read.
        """
        began, first = time.monotonic(), True
        while True:
            looks = await _all(self._asked.servers, self._environment)
            behind = [look for look in looks if look.loaded is None or look.loaded.config_hash not in self._wanted]
            if not behind:
                break
            if time.monotonic() - began > self._asked.patience:
                raise PlanError(f"{behind[0].server.name} has not loaded the file", hint=_progress(behind[0]))
            self._tell(behind)
            await self._reload(behind[0])
            first = False
            await asyncio.sleep(_POLL)
        await _complete(looks, self._environment)
        if not first or any(_lately(look.loaded) for look in looks if look.loaded is not None):
            await asyncio.sleep(self._asked.settle)

    def _tell(self, behind: Sequence[_Look]) -> None:
        text = "; ".join(f"waiting for {look.server.name}: {_progress(look)}" for look in behind)
        if self._asked.hand_over:
            text += f"; if its host is another one, bring {self._asked.hand_over} there"
        now = time.monotonic()
        if text != self._said or now - self._said_at > _SAY_AGAIN:
            self._say(text)
            self._said, self._said_at = text, now

    async def _reload(self, look: _Look) -> None:
        """Run the command for a server that does not load the file itself; for one server at a time."""
        if not self._asked.reload_with or look.server.name in self._reloaded or look.loaded is None:
            return
        self._reloaded.add(look.server.name)
        words = _words(self._asked.reload_with)
        self._say(f"{look.server.name}: {words[0]} runs")
        environment = {
            **self._environment,
            "STRONGROOM_API_SERVER": look.server.name,
            "STRONGROOM_API_SERVER_URL": look.server.url,
            "STRONGROOM_CONFIG": self._asked.hand_over,
        }
        try:
            process = await asyncio.create_subprocess_exec(*words, env=environment, stdin=asyncio.subprocess.DEVNULL)
        except OSError as error:
            raise PlanError(f"{words[0]} cannot be run", hint=(error.strerror or "").lower()) from None
        try:
            code = await asyncio.wait_for(process.wait(), _COMMAND_SECONDS)
        except TimeoutError:
            process.kill()
            raise PlanError(f"{words[0]} did not end for {look.server.name}") from None
        if code:
            raise PlanError(f"{words[0]} failed for {look.server.name} with exit code {code}")


async def _all(servers: Sequence[ServerArgument], environment: Mapping[str, str]) -> list[_Look]:
    return list(await asyncio.gather(*(_one(one.server(), environment) for one in servers)))


async def _one(server: Server, environment: Mapping[str, str]) -> _Look:
    try:
        return _Look(server, await loaded(server, environment))
    except KubeconfigError:
        raise
    except ClusterError as error:
        return _Look(server, None, str(error))


def _progress(look: _Look) -> str:
    """Say what a server works with instead."""
    if look.loaded is None:
        return look.why
    if not look.loaded.config_hash:
        return "it works with no EncryptionConfiguration"
    since = datetime.fromtimestamp(look.loaded.at or look.loaded.started, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    failed = (
        f"; it could not take a changed file {look.loaded.reloads_failed} times" if look.loaded.reloads_failed else ""
    )
    return f"it works with another file ({look.loaded.config_hash[:19]}) since {since}{failed}"


def _lately(found: Loaded) -> bool:
    return time.time() - max(found.at, found.started) < _LONG_AGO


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if not words:
        raise PlanError("the command that reloads API servers cannot be read", hint="check its quotes")
    return words
