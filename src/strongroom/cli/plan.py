"""``strongroom plan``: read a saved plan, do it, go on with it, go back on it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from strongroom.cli import plan_carrying as carrying
from strongroom.cli.asking import YES, confirmed
from strongroom.cli.common import together

if TYPE_CHECKING:
    from strongroom.model.plan import Plan
    from strongroom.plans.apply import Doing

_Command = TypeVar("_Command", bound=Callable[..., Any])
_FEWEST_DIGITS = 4
_HEX = frozenset("0123456789abcdef")


@click.group(short_help="Read, do, go on with and go back on saved plans")
def command() -> None:
    """Changes that were saved as a plan.

    A plan says what changes and how; it holds no secret value. It is done step by
    step with a journal: whenever it stops, resume goes on and undo goes back.
    PLAN is a file or, once it was begun on this machine, the first digits of the
    plan's digest, as list shows them.
    Exit codes: 0 done, 1 not finished, 2 it could not be done.
    """


def _options(function: _Command) -> _Command:
    return together(
        click.argument("file", metavar="PLAN", type=click.Path(dir_okay=False)),
        click.option(
            "--root",
            type=click.Path(file_okay=False, exists=True),
            help="Folder that it is for.  [default: . for a file]",
        ),
        click.option("--fingerprint-key", type=click.Path(dir_okay=False), help="File with the key for fingerprints."),
    )(function)


class _Chosen(NamedTuple):
    """A plan, and how it is carried out: in which folder, under which key."""

    plan: Plan
    how: carrying.Carrying

    def doing(self) -> Doing:
        """Return what does it."""
        return carrying.doing(self.plan, self.how.root, self.how.key_file)

    def show(self, shape: str = "text") -> None:
        """Write it."""
        carrying.show(self.plan, self.how._replace(shape=shape))


@command.command()
@_options
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", help="How it is written.")
def show(file: str, root: str | None, fingerprint_key: str | None, shape: str) -> int:
    """Show what a plan changes, with values masked."""
    chosen = _chosen(file, root, fingerprint_key)
    chosen.show(shape)
    if not carrying.is_begun(chosen.plan, chosen.how):
        chosen.doing().check()
    return 0


@command.command()
@_options
@YES
@click.option("--dry-run", is_flag=True, help="Show it, and check that it can be done.")
@click.option("--digest", help="Only a plan with this digest, as somebody signed it off.")
def apply(
    file: str, root: str | None, fingerprint_key: str | None, yes: bool, dry_run: bool, digest: str | None
) -> int:
    """Do a plan."""
    from strongroom.errors import PlanError
    from strongroom.plans import saved

    chosen = _chosen(file, root, fingerprint_key)
    if digest is not None and saved.digest(chosen.plan) != digest.lower():
        raise PlanError(f"plan {file} is not the one with this digest", hint="strongroom plan show prints the digest")
    doing = chosen.doing()
    if not yes or dry_run:
        chosen.show()
    if dry_run:
        doing.check()
        return 0
    confirmed(yes=yes)
    with carrying.going_on(chosen.plan, chosen.how):
        carrying.say_count(doing.apply(), "done")
    click.echo(f"{carrying.command('undo', carrying.digits(chosen.plan), chosen.how)} goes back", err=True)
    return 0


@command.command()
@_options
def resume(file: str, root: str | None, fingerprint_key: str | None) -> int:
    """Go on with a plan that was interrupted."""
    chosen = _chosen(file, root, fingerprint_key)
    with carrying.going_on(chosen.plan, chosen.how):
        carrying.say_count(chosen.doing().resume(), "done")
    return 0


@command.command()
@_options
@YES
def undo(file: str, root: str | None, fingerprint_key: str | None, yes: bool) -> int:
    """Go back on what was done of a plan."""
    chosen = _chosen(file, root, fingerprint_key)
    confirmed("Go back on it?", yes=yes)
    with carrying.going_on(chosen.plan, chosen.how):
        carrying.say_count(chosen.doing().undo(), "undone")
    return 0


@command.command("list")
@click.option("--all", "whole", is_flag=True, help="Those too that are done or gone back on.")
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", help="How it is written.")
def list_(whole: bool, shape: str) -> int:
    """List this machine's plans that are not finished, newest first."""
    from strongroom.plans.standing import standings
    from strongroom.report.plan_text import list_as_json, list_as_text
    from strongroom.survey.fingerprint_key import state_folder

    found = [one for one in standings(state_folder()) if whole or one.state not in {"done", "undone"}]
    for piece in list_as_json(found) if shape == "json" else list_as_text(found):
        click.echo(piece, nl=False)
    if not found:
        click.echo("no plan was begun here" if whole else "no plan is unfinished here", err=True)
    return 1 if any(one.at for one in found) else 0


def _chosen(file: str, root: str | None, key_file: str | None) -> _Chosen:
    """Return the plan that a file holds, or that was begun here and has a digest with these first digits.

    Raises:
        PlanError: there is none, there are several, or the file is no plan.
    """
    from strongroom.errors import PlanError
    from strongroom.plans import saved, standing
    from strongroom.survey import fingerprint_key as keys

    digits = file.lower()
    if os.path.exists(file):  # noqa: PTH110 - it raises nothing
        plan = saved.load(Path(file), keys.load(key_file))
        return _Chosen(plan, carrying.Carrying(root or ".", key_file=key_file))
    if len(digits) < _FEWEST_DIGITS or set(digits) - _HEX:
        raise PlanError(f"there is no plan {file}", hint="strongroom plan list --all names those that were begun here")
    found = standing.begun(keys.state_folder(), digits, None if root is None else Path(root))
    return _Chosen(found.plan, carrying.Carrying(str(found.root), key_file=key_file))
