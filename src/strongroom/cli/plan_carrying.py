"""What every command does with a plan that it made: show it, ask, save it or do it, and say how to go on or back."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from strongroom.cli.asking import confirmed
from strongroom.cli.root import CLEAN
from strongroom.errors import StrongroomError, UsageError

if TYPE_CHECKING:
    from strongroom.model.plan import Plan
    from strongroom.plans.apply import Doing

_DIGITS = 12


class Carrying(NamedTuple):
    """How a plan is carried out.

    Attributes:
        root: the folder that it is for.
        dry_run: only show it, and check that it can be done.
        yes: do it without asking, and without showing it first.
        save: write it to this file; without ``yes``, do nothing else.
        key_file: ``--fingerprint-key``.
        shape: how it is shown: ``text`` or ``json``.
    """

    root: str = "."
    dry_run: bool = False
    yes: bool = False
    save: str | None = None
    key_file: str | None = None
    shape: str = "text"


def carry_out(plan: Plan, how: Carrying) -> int:
    """Show a plan, ask, save it or do it; return the exit code.

    Raises:
        UsageError: options that do not go together; nobody is there to ask.
        StrongroomError: it could not be done; what was begun can be gone on with.
        click.Abort: the question was interrupted.
    """
    from strongroom.plans.saved import save
    from strongroom.survey import fingerprint_key as keys

    if how.dry_run and (how.yes or how.save):
        raise UsageError("--dry-run does nothing, so it goes with neither --yes nor --save")
    if how.dry_run or not how.yes:
        show(plan, how)
    work = doing(plan, how.root, how.key_file)
    if how.dry_run:
        work.check()
        return CLEAN
    if how.save is not None:
        save(plan, Path(how.save), keys.load(how.key_file))
        click.echo(f"saved {how.save}; {command('apply', how.save, how)} does it", err=True)
        if not how.yes:
            return CLEAN
    confirmed(yes=how.yes)
    with going_on(plan, how):
        say_count(work.apply(), "done")
    click.echo(f"{command('undo', digits(plan), how)} goes back", err=True)
    return CLEAN


def doing(plan: Plan, root: str, key_file: str | None) -> Doing:
    """Return what does a plan, with every procedure at hand and its progress on standard error.

    Raises:
        SourceError: the fingerprint key cannot be read.
    """
    from strongroom.crypto.memory import guard
    from strongroom.plans.apply import Doing
    from strongroom.survey import fingerprint_key as keys
    from strongroom.survey.procedures import procedure

    guard()
    return Doing(plan, Path(root), keys.load(key_file), keys.state_folder(), procedures=procedure, said=say)


def show(plan: Plan, how: Carrying) -> None:
    """Write a plan, with values masked, and what identifies it.

    Raises:
        PlanError: a file cannot be read, or it leads out of its folder.
        SourceError: the fingerprint key cannot be read.
    """
    from strongroom.plans.preview import preview
    from strongroom.plans.saved import digest
    from strongroom.report.plan_text import as_json, as_text
    from strongroom.survey import fingerprint_key as keys
    from strongroom.survey.frames import context
    from strongroom.survey.procedures import procedure

    views = tuple(preview(plan, Path(how.root), context, procedure, keys.load(how.key_file)))
    render = as_json if how.shape == "json" else as_text
    for piece in render(plan, views, digest(plan)):
        click.echo(piece, nl=False)


@contextlib.contextmanager
def going_on(plan: Plan, how: Carrying) -> Iterator[None]:
    """Where what is done inside stops half way, say at which step, and which commands go on and back."""
    try:
        yield
    except (StrongroomError, KeyboardInterrupt):
        _say_how(plan, how)
        raise


def is_begun(plan: Plan, how: Carrying) -> bool:
    """Say where a plan stands that was begun here and is not finished; tell whether any of it is done."""
    from strongroom.plans.journal import look
    from strongroom.survey.fingerprint_key import state_folder

    _say_how(plan, how)
    found = look(state_folder(), plan, Path(how.root))
    return found is not None and found.begun


def _say_how(plan: Plan, how: Carrying) -> None:
    from strongroom.plans.journal import look
    from strongroom.survey.fingerprint_key import state_folder

    found = look(state_folder(), plan, Path(how.root))
    if found is None or found.at is None:
        return
    way = "on the way back at" if found.undoing else "stopped at"
    say(f"{way} step {found.at + 1} of {len(plan.steps)}: {plan.steps[found.at].title}")
    on = f"{command('resume', digits(plan), how)} goes on"
    say(on if found.undoing else f"{on}, {command('undo', digits(plan), how)} goes back")


def command(what: str, file: str, how: Carrying) -> str:
    """Return the command that does something with a plan, as a shell takes it."""
    key = [] if how.key_file is None else ["--fingerprint-key", how.key_file]
    root = [] if how.root == "." or what in {"resume", "undo"} else ["--root", how.root]
    return shlex.join(["strongroom", "plan", what, file, *root, *key])


def digits(plan: Plan) -> str:
    """Return the first digits of a plan's digest, which commands take in the place of its file."""
    from strongroom.plans.saved import digest

    return digest(plan)[:_DIGITS]


def say(text: str) -> None:
    """Tell a person something beside the output."""
    from strongroom.report.sanitise import line

    click.echo(line(text), err=True)


def say_count(count: int, what: str) -> None:
    """Say how many steps were done or gone back on."""
    click.echo(f"{count} step{'' if count == 1 else 's'} {what}", err=True)
