"""``strongroom serve kms-plugin``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from strongroom.cli.root import CLEAN, FINDINGS
from strongroom.crypto.memory import guard

if TYPE_CHECKING:
    from strongroom.serve.kms_plugin.settings import Settings


@click.command("kms-plugin")
@click.option("--socket", metavar="PATH", help="The Unix socket for the API server: /run/strongroom/kms.sock")
@click.option("--key", metavar="URI", help="The key that encrypts: local-file:PATH, pkcs11:…, vault-transit:URL, …")
@click.option("--also", multiple=True, metavar="URI", help="A key that only decrypts what it encrypted. Repeatable.")
@click.option("--config", metavar="FILE", help="The same as YAML (socket, key, also, metricsAddress, timeout, …).")
@click.option("--metrics-address", metavar="ADDRESS", help="Metrics and health: 127.0.0.1:PORT or unix:PATH.")
@click.option("--timeout", type=float, metavar="SECONDS", help="Most seconds for a request.  [default: 2.8]")
@click.option("--look-interval", type=float, metavar="SECONDS", help="How often the key is tried.  [default: 10]")
@click.option("--concurrency", type=int, metavar="N", help="Calls at a remote key at once.  [default: 6]")
@click.option("--queue", type=int, metavar="N", help="Calls that may wait for that.  [default: 64]")
@click.option("--replace", is_flag=True, default=None, help="Take the socket over from a plugin that runs.")
@click.option("--check", is_flag=True, help="Try the keys once, say how they are, and serve nothing.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info")
def command(config: str | None, log_level: str, *, check: bool, **options: Any) -> int:
    """Encrypt the data keys of an API server (KMS v2).

    SIGHUP reads the keys of --config again; SIGTERM answers what is asked and ends.
    The log is JSON on standard error.
    """
    guard()
    from strongroom.serve.kms_plugin.settings import settings

    file = Path(config) if config else None

    def chosen() -> Settings:
        return settings(file, options, serves=not check)

    if check:
        return _check(chosen())
    import asyncio

    from strongroom.serve.kms_plugin.plugin import run
    from strongroom.serve.log import Log

    log = Log(sys.stderr, log_level)
    log.take_library_messages()
    asyncio.run(run(chosen(), os.environ, log, chosen))
    return CLEAN


def _check(settings: Settings) -> int:
    from strongroom.report.sanitise import line
    from strongroom.serve.kms_plugin.trial import tried

    outcomes = list(tried(settings, os.environ))
    for one in outcomes:
        said = one.reason or (f"encrypts and decrypts, as {one.version}" if one.version else "is there to decrypt")
        click.echo(line(f"{one.key}: {said}" + (f" ({one.hint})" if one.hint else "")))
    return FINDINGS if any(one.reason for one in outcomes) else CLEAN
