"""Metrics and health over HTTP."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest
from prometheus_client import CollectorRegistry, Counter
from tests.support.controlplane.folder import Folder

from strongroom.errors import OutputError
from strongroom.serve.observing import application, observed


async def _ask(where: tuple[str, int] | Path, reason: str) -> dict[str, tuple[int, str]]:
    registry = CollectorRegistry()
    Counter("things", "Things.", registry=registry).inc()
    async with observed(where, application(registry, lambda: reason)) as address:
        path = address.removeprefix("unix:") if address.startswith("unix:") else None
        connector = aiohttp.UnixConnector(path) if path else None
        answers = {}
        async with aiohttp.ClientSession(connector=connector) as session:
            for name in ("metrics", "livez", "healthz", "other"):
                async with session.get(f"http://{'socket' if path else address}/{name}") as answer:
                    answers[name] = (answer.status, await answer.text())
    return answers


@pytest.mark.parametrize("kind", ["port", "socket"])
def test_what_is_served(kind: str) -> None:
    """Metrics, liveness and health are served on a port and on a socket; nothing else is."""
    with closing(Folder()) as folder:
        where = ("127.0.0.1", 0) if kind == "port" else folder.path / "m.sock"
        answers = asyncio.run(_ask(where, "its key is disabled"))

        assert "things_total 1.0" in answers["metrics"][1]
        assert answers["livez"] == (200, "ok\n")
        assert answers["healthz"] == (503, "its key is disabled\n")
        assert answers["other"][0] == 404
        assert not (folder.path / "m.sock").exists()


def test_health_while_all_is_well() -> None:
    """Without a reason against it, health is ok."""
    assert asyncio.run(_ask(("127.0.0.1", 0), ""))["healthz"] == (200, "ok\n")


def test_nowhere() -> None:
    """Without an address nothing is served, and that is no error."""

    async def run() -> str:
        async with observed(None, application(CollectorRegistry(), str)) as address:
            return address

    assert asyncio.run(run()) == ""


def test_an_address_that_cannot_be_used() -> None:
    """An address of another machine is an error with the system's reason."""

    async def run() -> None:
        async with observed(("192.0.2.1", 1), application(CollectorRegistry(), str)):
            pass

    with pytest.raises(OutputError, match=r"192\.0\.2\.1:1") as caught:
        asyncio.run(run())
    assert caught.value.hint
