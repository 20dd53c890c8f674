"""``strongroom fix``: mend what an audit finds."""

from __future__ import annotations

from typing import Any

import click

from strongroom.cli.common import progress, request, source_options
from strongroom.cli.fixing import FIX_OPTIONS, fix_options, ids, run_fix


@click.command("fix")
@source_options
@click.option(
    "--only", multiple=True, metavar="ID", help="A check, or the fingerprint of a finding. Repeatable, or by commas."
)
@click.option("--pedantic", is_flag=True, help="Mend too what only a careful reader wants to know.")
@click.option("--baseline", type=click.Path(dir_okay=False), help="Leave alone the findings of this file.")
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", show_default=True)
@fix_options
def command(
    sources: tuple[str, ...],
    only: tuple[str, ...],
    pedantic: bool,
    baseline: str | None,
    shape: str,
    verbose: bool,
    quiet: bool,
    color: bool | None,
    **more: Any,
) -> int:
    """Mend what can be mended by editing manifests, and say what is left.

    Shows the changes with values masked, asks, does them with a journal, audits
    again and says what changed, what is to be rotated, what is left and who
    decides. Every container gets the same values at the same names and paths.
    """
    from strongroom.leaks.recognise import started

    recogniser = started()  # first of all: the rest is imported while it loads
    from pathlib import Path

    from strongroom.survey import baseline as baselines

    del color
    mending = {name: more.pop(name) for name in FIX_OPTIONS}
    accepted = baselines.read(Path(baseline)) if baseline is not None else frozenset[str]()
    with progress(quiet=quiet) as show:
        asked = request(sources, progress=show, pedantic=pedantic, baseline=accepted, **more)
        key = more["fingerprint_key"]
        return run_fix(asked, ids(only, "--only"), mending, shape, recogniser, key, verbose=verbose).code
