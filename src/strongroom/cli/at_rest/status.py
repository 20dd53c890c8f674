"""``strongroom at-rest status``."""

from __future__ import annotations

from typing import Any

import click

from strongroom.cli.at_rest.options import fact_options
from strongroom.cli.at_rest.reporting import asked, write_report
from strongroom.cli.common import progress
from strongroom.cli.root import CLEAN


@click.command("status")
@fact_options
def command(sources: tuple[str, ...], **given: Any) -> int:
    """Say what is configured, what each API server has loaded, what the bytes say.

    SOURCE is cluster or cluster:CONTEXT, files:/etc/kubernetes for the control
    plane's files, etcd:URL or etcd:FILE (a snapshot); several are joined. Of values
    in etcd only the prefix is looked at that tells how they are encrypted.
    """
    from strongroom.survey.at_rest.status import status

    with progress(quiet=given["quiet"]) as show:
        report = status(asked(sources, given, show))
    write_report(report, given)
    return CLEAN
