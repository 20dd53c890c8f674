"""``strongroom plan``: read a saved plan, do it, go on with it, go back on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from strongroom.cli.asking import confirmed

if TYPE_CHECKING:
    from strongroom.model.plan import Plan
    from strongroom.plans.apply import Doing

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group(short_help="Read, do, go on with and go back on saved plans")
def command() -> None:
    """Changes that were saved as a plan.

    A plan says which files change and how; it holds no secret value. It is done
    step by step with a journal: whenever it stops, resume goes on and undo goes
    back. Exit codes: 0 done, 1 not finished, 2 it could not be done.
    """


def _options(function: _Command) -> _Command:
    for option in (
        click.option("--fingerprint-key", type=click.Path(dir_okay=False), help="File with the key for fingerprints."),
        click.option(
            "--root", default=".", type=click.Path(file_okay=False, exists=True), help="Folder that it is for."
        ),
        click.argument("file", type=click.Path(dir_okay=False)),
    ):
        function = option(function)
    return function


@command.command()
@_options
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", help="How it is written.")
def show(file: str, root: str, fingerprint_key: str | None, shape: str) -> int:
    """Show what a plan changes, with values masked."""
    from strongroom.plans.saved import load

    plan = load(Path(file))
    _show(plan, Path(root), shape)
    _doing(plan, root, fingerprint_key).check()
    return 0


@command.command()
@_options
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option("--dry-run", is_flag=True, help="Show it, and check that it can be done.")
@click.option("--digest", help="Only a plan with this digest, as somebody signed it off.")
def apply(file: str, root: str, fingerprint_key: str | None, yes: bool, dry_run: bool, digest: str | None) -> int:
    """Do a plan."""
    from strongroom.errors import PlanError
    from strongroom.plans import saved

    plan = saved.load(Path(file))
    if digest is not None and saved.digest(plan) != digest.lower():
        raise PlanError(f"plan {file} is not the one with this digest", hint="strongroom plan show prints the digest")
    doing = _doing(plan, root, fingerprint_key)
    if not yes or dry_run:
        _show(plan, Path(root), "text")
    if dry_run:
        doing.check()
        return 0
    confirmed(yes=yes)
    _say(doing.apply(), "done")
    click.echo(f"strongroom plan undo {file} goes back", err=True)
    return 0


@command.command()
@_options
def resume(file: str, root: str, fingerprint_key: str | None) -> int:
    """Go on with a plan that was interrupted."""
    from strongroom.plans.saved import load

    _say(_doing(load(Path(file)), root, fingerprint_key).resume(), "done")
    return 0


@command.command()
@_options
@click.option("--yes", is_flag=True, help="Do it without asking.")
def undo(file: str, root: str, fingerprint_key: str | None, yes: bool) -> int:
    """Go back on what was done of a plan."""
    from strongroom.plans.saved import load

    doing = _doing(load(Path(file)), root, fingerprint_key)
    confirmed("Go back on it?", yes=yes)
    _say(doing.undo(), "undone")
    return 0


def _doing(plan: Plan, root: str, fingerprint_key: str | None) -> Doing:
    from strongroom.plans.apply import Doing
    from strongroom.survey import fingerprint_key as keys

    return Doing(plan, Path(root), keys.load(fingerprint_key), keys.state_folder())


def _say(count: int, what: str) -> None:
    click.echo(f"{count} step{'' if count == 1 else 's'} {what}", err=True)


def _show(plan: Plan, root: Path, shape: str) -> None:
    from strongroom.plans.preview import preview
    from strongroom.plans.saved import digest
    from strongroom.report.plan_text import as_json, as_text
    from strongroom.survey.frames import context

    views = tuple(preview(plan, root, context))
    render = as_json if shape == "json" else as_text
    for piece in render(plan, views, digest(plan)):
        click.echo(piece, nl=False)
