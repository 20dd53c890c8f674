"""``strongroom explain``: the page of a check, or of a way to reach a Secret."""

from __future__ import annotations

import sys

import click

from strongroom.cli.root import CLEAN
from strongroom.errors import UsageError


@click.command("explain")
@click.argument("id_", metavar="ID")
@click.option("--format", "shape", type=click.Choice(["text", "markdown"]), default="text", show_default=True)
def command(id_: str, shape: str) -> int:
    """Show the page of a check: what it finds, why it is bad, what to do instead.

    ID may be a way to reach a Secret too, as access names it: how it is exploited, how it is closed.
    """
    text = _page(id_)
    if shape == "markdown" or not sys.stdout.isatty():
        click.echo(text)
    else:
        from rich.console import Console
        from rich.markdown import Markdown

        Console(width=min(100, Console().width)).print(Markdown(text))
    return CLEAN


def _page(id_: str) -> str:
    """Return the page of a check, a leak or a way.

    Raises:
        UsageError: there is none of that id; the hint names the nearest.
    """
    from strongroom.access import pages
    from strongroom.access.edges import WAYS
    from strongroom.model.imported import PREFIX as IMPORTED
    from strongroom.model.leak import PREFIX as LEAK
    from strongroom.posture.checks import CHECKS
    from strongroom.posture.pages import markdown
    from strongroom.survey.scanning.page import text_of

    if id_.startswith(LEAK):
        return text_of(id_)
    if id_.startswith(IMPORTED):
        raise UsageError(f"{id_} is a check of another tool", hint="the documentation of that tool explains it")
    ways, checks = {way.id: way for way in WAYS}, {check.id: check for check in CHECKS}
    if id_ in ways:
        return pages.markdown(ways[id_])
    if id_ in checks:
        return markdown(checks[id_])
    near = _nearest(id_, [*checks, *ways])
    hint = f"did you mean {near}?" if near else "strongroom checks lists checks, the answers of access name ways"
    raise UsageError(f"there is no check and no way {id_!r}", hint=hint)


def _nearest(id_: str, known: list[str]) -> str:
    """Return the id of the same words in another order, else the most alike; empty where none is near."""
    import difflib

    words = sorted(id_.split("-"))
    same = [one for one in known if sorted(one.split("-")) == words]
    return next(iter(same or difflib.get_close_matches(id_, known, n=1)), "")
