"""What the subcommands that change many files share: options, and a plan shown, asked about and done."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from strongroom.cli.asking import YES, confirmed
from strongroom.cli.common import together
from strongroom.cli.plan_carrying import Carrying, command, digits, doing
from strongroom.cli.root import CLEAN, FINDINGS
from strongroom.errors import UsageError

if TYPE_CHECKING:
    from strongroom.keys.key import Context
    from strongroom.survey.encrypted.changes import Change, Changes, Opener
    from strongroom.survey.encrypted.tree import Look

_Command = TypeVar("_Command", bound=Callable[..., Any])


class How(NamedTuple):
    """How a change of many files is done; the options of `tree_options`.

    Attributes:
        dry_run: only say what would be done; no key is used.
        yes: do not ask.
        plan: save the plan there instead of doing it.
        root: the folder that the plan is for.
        fingerprint_key: the file with the key for digests.
    """

    dry_run: bool = False
    yes: bool = False
    plan: str | None = None
    root: str = "."
    fingerprint_key: str | None = None


def tree_options(command: _Command) -> _Command:
    """Add how a change of many files is done; they come as the fields of `How`."""
    return together(
        click.option("--dry-run", is_flag=True, help="Only say what would be done; no key is used."),
        YES,
        click.option("--plan", type=click.Path(dir_okay=False), help="Save the plan, for strongroom plan."),
        click.option(
            "--root", default=".", type=click.Path(file_okay=False, exists=True), help="Folder that holds the files."
        ),
        click.option("--fingerprint-key", metavar="FILE", help="File with the key for the digests of a plan."),
    )(command)


def recursive(paths: Sequence[str], what: str, config: str | None, how: How, *, gitignore: bool = True) -> int:
    """Change the files of a tree: ``encrypt`` what should be, ``rotate`` or ``updatekeys`` what is encrypted.

    Raises:
        StrongroomError: nothing could be done.
    """
    from strongroom.cli.common import progress
    from strongroom.keys.process import context
    from strongroom.survey.encrypted import changes as file_changes
    from strongroom.survey.encrypted.tree import Scope, looks

    kinds: dict[str, Any] = {
        "encrypt": file_changes.to_encrypt,
        "rotate": file_changes.to_rotate,
        "updatekeys": file_changes.to_update,
    }
    with progress(quiet=False) as show:
        scope = Scope(os.environ, Path(config) if config else None, gitignore, show)
        found = list(looks(paths, scope))
    opener = file_changes.Opener(context())
    changes = list(kinds[what](found, opener))
    return carry_out(changes, what, how, unreadable(found))


def unreadable(looks: Sequence[Look]) -> list[str]:
    """Return what to say of files that look encrypted and cannot be read."""
    return [f"{one.name}: {one.problem}" for one in looks if one.metadata is None and not one.why and one.problem]


def carry_out(
    changes: Sequence[Change],
    what: str,
    how: How,
    problems: Sequence[str] = (),
    notes: Sequence[str] = (),
    more: Any = (),
    *,
    whole: bool = False,
    aside: bool = False,
) -> int:
    """Show what is to be done, ask, do it; return the exit code.

    Args:
        changes: the files.
        what: the command, for the name and the summary of the plan.
        how: the options.
        problems: what was wrong with files that are left out.
        notes: what is left to a person.
        more: steps of the plan that come first.
        whole: do nothing where anything is left out.
        aside: standard output is taken; what is to be done goes to standard error.

    Raises:
        StrongroomError: nothing could be done.
    """
    from strongroom.report.sanitise import line

    for problem in problems:
        click.echo(f"left out: {line(problem)}", err=True)
    left_out = FINDINGS if problems else CLEAN
    if not changes and not more:
        click.echo("nothing to do: all is as it should be" if not problems else "nothing to do", err=aside)
        return left_out
    for one in (*more, *changes):
        click.echo(line(one.title), err=aside)
    if whole and problems:
        raise UsageError(f"{what} would be left half done, and nothing was changed", hint="see what was left out")
    if how.dry_run:
        return left_out
    if how.plan is None:
        confirmed(yes=how.yes)
    made = _planned(changes, what, how, notes, more)
    for failure in made.failures:
        for text in f"failed: {failure.name}: {failure.message}".split("\n"):
            click.echo(line(text), err=True)
    if whole and made.failures:
        raise UsageError(f"{what} would be left half done, and nothing was changed", hint="see what failed")
    if made.plan.steps:
        _finish(made, how)
    return FINDINGS if made.failures else left_out


def _planned(changes: Sequence[Change], what: str, how: How, notes: Sequence[str], more: Any) -> Changes:
    from strongroom.cli.common import progress
    from strongroom.survey import fingerprint_key as keys
    from strongroom.survey.encrypted.changes import planned

    count = f"{len(changes)} file{'' if len(changes) == 1 else 's'}"
    with progress(quiet=False) as show:
        key = keys.load(how.fingerprint_key)
        return planned(changes, Path(how.root), key, f"{what}: {count}", notes, more, show)


def _finish(made: Changes, how: How) -> None:
    """Save the plan, and do it unless it is for later."""
    from strongroom.plans.saved import save
    from strongroom.survey import fingerprint_key as keys

    if how.plan is not None:
        save(made.plan, Path(how.plan), keys.load(how.fingerprint_key))
        click.echo(f"saved {how.plan}; strongroom plan apply {how.plan} does it", err=True)
        return
    carrying = Carrying(root=how.root, key_file=how.fingerprint_key)
    on, back = (command(way, digits(made.plan), carrying) for way in ("resume", "undo"))
    click.echo(f"{on} goes on if this is interrupted", err=True)
    doing(made.plan, how.root, how.fingerprint_key).apply()
    count = len(made.plan.steps)
    click.echo(f"{count} file{'' if count == 1 else 's'} written; {back} goes back", err=True)


def opener() -> Opener:
    """Return what opens files with the keys of this process."""
    from strongroom.keys.process import context
    from strongroom.survey.encrypted.changes import Opener

    where: Context = context()
    return Opener(where)
