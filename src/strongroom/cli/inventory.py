"""``strongroom inventory``: one record per secret."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from strongroom.cli.audit import refuse_empty
from strongroom.cli.common import OUTPUT, outputs, progress, request, source_options, terminal, write
from strongroom.cli.root import CLEAN
from strongroom.errors import SourceError
from strongroom.report.formats import INVENTORY_FORMATS, by_id

if TYPE_CHECKING:
    from strongroom.model.report import Report
    from strongroom.survey.scanning.known import Gathering


@click.command("inventory")
@source_options
@click.option(
    "--format", "shape", type=click.Choice([f.id for f in INVENTORY_FORMATS]), default="text", show_default=True
)
@OUTPUT
@click.option(
    "--fingerprints",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write what scan --inventory needs to find the values: keyed fingerprints, no value.",
)
def command(
    sources: tuple[str, ...],
    shape: str,
    output: tuple[str, ...],
    fingerprints: str | None,
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
        asked = request(sources, progress=show, placed_inventory=True, **reading)
        gathering = None
        if fingerprints is not None:
            from strongroom.survey.scanning.known import Gathering

            gathering = Gathering()
        report = survey(asked, recogniser=gathering)
    refuse_empty(report)
    if gathering is not None and fingerprints is not None:
        _write_fingerprints(Path(fingerprints), asked.key, gathering, report)
    write(report, files, None if quiet else by_id(shape, INVENTORY_FORMATS), terminal(color=color, verbose=verbose))
    return CLEAN


def _write_fingerprints(path: Path, key: bytes, gathering: Gathering, report: Report) -> None:
    from strongroom.survey.scanning.known import notes
    from strongroom.survey.scanning.known_file import write_file

    known = gathering.known(key, report.secrets)
    if not known:
        raise SourceError("the inventory knows no value that can be searched", hint="a cluster needs --values")
    write_file(path, key, known, gathering.left_out)
    click.echo(f"{path}: {notes(len(known), gathering.left_out)[0]}", err=True)
