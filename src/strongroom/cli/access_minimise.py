"""``strongroom access minimise``: smaller roles as a diff, a manifest, a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from strongroom.cli.common import OUTPUT, outputs, progress, request, source_options, terminal, write
from strongroom.cli.root import CLEAN
from strongroom.report.formats import MINIMISE_FORMATS, by_id


@click.command("minimise")
@source_options
@click.option(
    "--format", "shape", type=click.Choice([f.id for f in MINIMISE_FORMATS]), default="text", show_default=True
)
@OUTPUT
@click.option("--plan", type=click.Path(dir_okay=False), help="Save the edits of manifests as a plan.")
@click.option("--root", default=".", type=click.Path(file_okay=False, exists=True), help="Folder that the plan is for.")
@click.option("--dry-run", is_flag=True, help="Only show it, as without --plan.")
def minimise(
    sources: tuple[str, ...],
    shape: str,
    output: tuple[str, ...],
    plan: str | None,
    root: str,
    dry_run: bool,
    verbose: bool,
    quiet: bool,
    color: bool | None,
    **reading: Any,
) -> int:
    """Say what roles give of Secrets beyond what is known to be needed, and the smaller roles.

    Secrets that a pod mounts or has in its environment need no right at all: the kubelet delivers them. What a program
    reads through the API is known only where its manifest names it. Nothing is changed: --plan saves the edits of
    manifests for strongroom plan; what was read from a cluster is written as a manifest (-o FILE.yaml).
    """
    from strongroom.plans.saved import save
    from strongroom.survey.access import know
    from strongroom.survey.minimise import smaller_roles

    files = outputs(output, MINIMISE_FORMATS)
    with progress(quiet=quiet) as show:
        asked = request(sources, progress=show, **reading)
        report = smaller_roles(know(asked, copies=False), Path(root))
    write(report, files, None if quiet else by_id(shape, MINIMISE_FORMATS), terminal(color=color, verbose=verbose))
    if plan is not None and not dry_run:
        if report.plan.steps:
            save(report.plan, Path(plan), asked.key)
        if not quiet:
            told = f"saved {plan}; strongroom plan apply {plan} does it" if report.plan.steps else "nothing to plan"
            click.echo(told, err=True)
    return CLEAN
