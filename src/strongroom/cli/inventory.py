"""``strongroom inventory``: one record per secret."""

from __future__ import annotations

from typing import Any

import click

from strongroom.cli.audit import refuse_empty
from strongroom.cli.common import outputs, progress, request, source_options, terminal, write
from strongroom.cli.root import CLEAN
from strongroom.report.formats import INVENTORY_FORMATS, by_id


@click.command("inventory")
@source_options
@click.option(
    "--format", "shape", type=click.Choice([f.id for f in INVENTORY_FORMATS]), default="text", show_default=True
)
@click.option(
    "-o", "--output", multiple=True, metavar="FILE", help="Write it; the suffix tells the format. Repeatable."
)
def command(
    sources: tuple[str, ...],
    shape: str,
    output: tuple[str, ...],
    verbose: bool,
    quiet: bool,
    color: bool | None,
    **reading: Any,
) -> int:
    """List secrets: where each is defined, stored, delivered, consumed.

    Values are shown as keyed fingerprints: the same value has the same fingerprint everywhere.
    """
    from strongroom.survey.run import survey

    files = outputs(output, INVENTORY_FORMATS)
    with progress(quiet=quiet) as show:
        report = survey(request(sources, progress=show, placed_inventory=True, **reading))
    refuse_empty(report)
    write(report, files, None if quiet else by_id(shape, INVENTORY_FORMATS), terminal(color=color, verbose=verbose))
    return CLEAN
