"""Metrics and health of a long-running program over HTTP, on loopback or on a Unix socket."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from strongroom.errors import OutputError
from strongroom.serve.sockets import PrivateSocket

_PATIENCE = 2.0


def application(registry: CollectorRegistry, reason: Callable[[], str]) -> web.Application:
    """Return ``/metrics``, ``/livez`` (the program runs) and ``/healthz`` (it can do its work; 503 and why not).

    Args:
        registry: what is counted.
        reason: says why the program cannot do its work; empty where it can.
    """

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def alive(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def healthy(_request: web.Request) -> web.Response:
        why = reason()
        return web.Response(text=f"{why or 'ok'}\n", status=503 if why else 200)

    served = web.Application(client_max_size=1024)
    served.router.add_get("/metrics", metrics)
    served.router.add_get("/livez", alive)
    served.router.add_get("/healthz", healthy)
    return served


@asynccontextmanager
async def observed(
    where: tuple[str, int] | Path | None, served: web.Application, *, replace: bool = False
) -> AsyncIterator[str]:
    """Serve as long as the context lasts.

    Args:
        where: host and port (0: any), the path of a socket, or None for nowhere.
        served: of `application`.
        replace: take the place of a socket over from a program that listens there.

    Yields:
        The address, as it came to be; empty for none.

    Raises:
        UsageError: the place of the socket cannot be used.
        OutputError: the address cannot be used.
    """
    if where is None:
        yield ""
        return
    runner = web.AppRunner(served, access_log=None, handle_signals=False, shutdown_timeout=_PATIENCE)
    await runner.setup()
    place = PrivateSocket(where) if isinstance(where, Path) else None
    try:
        if place:
            place.prepare(replace=replace)
            await _start(web.UnixSite(runner, place.beside), str(place.path))
            place.publish()
            yield f"unix:{place.path}"
        elif isinstance(where, tuple):
            # Shared, so that a program and the one that follows it may run side by side for a moment.
            await _start(web.TCPSite(runner, *where, reuse_port=True), "{}:{}".format(*where))
            host, port = runner.addresses[0][:2]
            yield f"{host}:{port}"
    finally:
        if place:
            place.withdraw()
        await runner.cleanup()


async def _start(site: web.BaseSite, name: str) -> None:
    try:
        await site.start()
    except OSError as error:
        # Without a number, asyncio found that none of the addresses is this machine's.
        why = os.strerror(error.errno).lower() if error.errno else "it is no address of this machine"
        raise OutputError(f"metrics cannot be served on {name}", hint=why) from None
