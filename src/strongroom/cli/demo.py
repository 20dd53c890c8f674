"""``strongroom demo``: the audit of the bundled example."""

from __future__ import annotations

import os
from pathlib import Path

import click

from strongroom.cli.common import progress, request, terminal, write
from strongroom.cli.root import CLEAN
from strongroom.errors import SourceError
from strongroom.report.formats import FORMATS, by_id


def example() -> Path:
    """Return the folder of the example: beside the installed package, or in the repository.

    Raises:
        SourceError: neither is there.
    """
    import strongroom

    package = Path(strongroom.__file__).parent
    for folder in (package / "example" / "shop", package.parent.parent / "examples" / "shop"):
        if folder.is_dir():
            return folder
    raise SourceError("the bundled example is not installed", hint="strongroom audit PATH reads your own manifests")


@click.command("demo")
@click.option(
    "-o", "--output", default="strongroom-demo.html", show_default=True, metavar="FILE", help="The HTML report."
)
def command(output: str) -> int:
    """Audit the bundled example, a small shop that makes the five classic mistakes.

    Prints the report and writes it as an HTML file. Needs no cluster and changes nothing.
    """
    from strongroom.survey.run import survey

    report_file = Path(output).absolute()
    folder = example()
    here = Path.cwd()
    os.chdir(folder.parent)  # so that the report shows short paths
    try:
        with progress(quiet=False) as show:
            asked = request(
                (folder.name,), no_gitignore=True, no_render=False, config=None, fingerprint_key=None, progress=show
            )
            report = survey(asked)
    finally:
        os.chdir(here)
    write(report, [(report_file, by_id("html", FORMATS))], by_id("text", FORMATS), terminal(color=None, verbose=False))
    click.echo(f"\nThe same as a page: {report_file}")
    return CLEAN
