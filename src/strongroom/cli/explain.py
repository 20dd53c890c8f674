"""``strongroom explain``: the page of a check, or of a way to reach a Secret."""

from __future__ import annotations

import sys

import click

from strongroom.cli.root import CLEAN


@click.command("explain")
@click.argument("id_", metavar="ID")
@click.option("--format", "shape", type=click.Choice(["text", "markdown"]), default="text", show_default=True)
def command(id_: str, shape: str) -> int:
    """Show the page of a check: what it finds, why it is bad, what to do instead.

    ID may be a way to reach a Secret too, as access names it: how it is exploited, how it is closed.
    """
    from strongroom.access import pages
    from strongroom.access.edges import WAYS
    from strongroom.model.leak import PREFIX
    from strongroom.posture.checks import CHECKS
    from strongroom.posture.pages import markdown
    from strongroom.survey.scanning.page import text_of
    from strongroom.survey.settings import require_known

    if id_.startswith(PREFIX):
        text = text_of(id_)
    elif any(way.id == id_ for way in WAYS):
        text = pages.markdown(next(way for way in WAYS if way.id == id_))
    else:
        require_known(id_, frozenset((*(check.id for check in CHECKS), *(way.id for way in WAYS))), "explain")
        text = markdown(next(check for check in CHECKS if check.id == id_))
    if shape == "markdown" or not sys.stdout.isatty():
        click.echo(text)
    else:
        from rich.console import Console
        from rich.markdown import Markdown

        Console(width=min(100, Console().width)).print(Markdown(text))
    return CLEAN
