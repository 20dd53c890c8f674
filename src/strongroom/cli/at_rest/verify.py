"""``strongroom at-rest verify``."""

from __future__ import annotations

from typing import Any

import click

from strongroom.cli.at_rest.options import fact_options
from strongroom.cli.at_rest.reporting import asked, write_report
from strongroom.cli.common import progress
from strongroom.cli.root import CLEAN, FINDINGS

_SEVERITIES = ("low", "medium", "high", "critical")


@click.command("verify")
@fact_options
@click.option(
    "--sample", type=click.IntRange(0), default=0, metavar="N", help="Read N objects of each resource through the API."
)
@click.option(
    "--fail-on",
    type=click.Choice(_SEVERITIES),
    default="low",
    show_default=True,
    help="Exit with 1 from this severity on.",
)
def command(sources: tuple[str, ...], sample: int, fail_on: str, **given: Any) -> int:
    """Prove that everything is encrypted, under a present key, and can be decrypted.

    Every value that is to be encrypted is read from etcd and decrypted in memory
    with the keys of the EncryptionConfiguration; KMS v2 plugins are asked on their
    sockets. Exit code 1 where anything lies in plain text, under an unknown or a
    retired key, or cannot be decrypted. With cluster or --api-server each API
    server has to list everything, too; objects that stand in its way are named.

    SOURCE is as for at-rest status; an etcd is one of them.
    """
    from strongroom.model.finding import Severity
    from strongroom.survey.at_rest.verify import verify

    with progress(quiet=given["quiet"]) as show:
        report = verify(asked(sources, given, show, sample=sample))
    write_report(report, given)
    worst = report.worst()
    return FINDINGS if worst is not None and worst >= Severity[fail_on.upper()] else CLEAN
