"""``strongroom git``: what Git runs, with and without the program pre-commit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from strongroom.cli.asking import YES, carried_out
from strongroom.cli.lazy import Group
from strongroom.cli.root import CLEAN, FINDINGS
from strongroom.errors import UsageError

if TYPE_CHECKING:
    from strongroom.survey.hooks import Step

_BASELINE = ".strongroom-baseline"


@click.group("git", cls=Group)
def command() -> None:
    """Guard what is committed."""


@command.command("install", short_help="Put a pre-commit hook into this repository, and teach it encrypted files")
@click.option("--baseline", metavar="FILE", help=f"The baseline of the hook.  [default: {_BASELINE}, where it is]")
@click.option("--fingerprint-key", metavar="FILE", help="The key of the hook, for a baseline that a team shares.")
@click.option("--pattern", multiple=True, help="Encrypted files, as gitattributes names them. Repeatable.  [found]")
@click.option("--no-hook", is_flag=True, help="Only how encrypted files are merged and shown.")
@click.option("--no-drivers", is_flag=True, help="Only the hook.")
@click.option("--reveal", is_flag=True, help="Let git diff show the values of encrypted files.")
@click.option("--shared", is_flag=True, help="Also where core.hooksPath serves other repositories too.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@YES
def install(
    baseline: str | None,
    fingerprint_key: str | None,
    pattern: tuple[str, ...],
    no_hook: bool,
    no_drivers: bool,
    reveal: bool,
    shared: bool,
    dry_run: bool,
    yes: bool,
) -> int:
    """Put a pre-commit hook into this repository, and teach it encrypted files.

    The hook looks at what is about to be committed: strongroom scan --staged and strongroom git check-encrypted
    --staged. A hook that is there already goes on being run, before ours.

    Files that are encrypted with SOPS are then merged value by value (strongroom file merge), and git diff shows which
    of their values changed (strongroom file textconv), but not the values, unless --reveal asks for them. The file
    .gitattributes says which files: those that are encrypted now and their like, or those of --pattern.
    """
    from strongroom.survey import hooks

    where = hooks.repository(Path.cwd())
    known = baseline if baseline is not None else (_BASELINE if (where.top / _BASELINE).is_file() else "")
    if baseline and not (where.top / baseline).is_file():
        raise UsageError(f"baseline {baseline} does not exist in {where.top}", hint="--write-baseline makes it")
    if no_hook and no_drivers:
        raise UsageError("--no-hook and --no-drivers leave nothing to install")
    steps: list[Step] = []
    if not no_hook:
        text = hooks.script(known, fingerprint_key or "")
        steps += hooks.installing(where, text, known, shared=shared)
    if not no_drivers:
        from strongroom.survey import git_drivers

        steps += git_drivers.installing(where, pattern or git_drivers.patterns_of(where.top), reveal=reveal)
    return _apply(steps, dry_run=dry_run, yes=yes)


@command.command("uninstall", short_help="Take out what install put in; put back what was there before")
@click.option("--shared", is_flag=True, help="Also where core.hooksPath serves other repositories too.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@YES
def uninstall(shared: bool, dry_run: bool, yes: bool) -> int:
    """Take out the hook and how encrypted files are merged; put back what was there before."""
    from strongroom.survey import git_drivers, hooks

    where = hooks.repository(Path.cwd())
    drivers = git_drivers.uninstalling(where)
    steps = hooks.uninstalling(where, shared=shared) if not drivers or hooks.installed(where) else []
    return _apply([*steps, *drivers], dry_run=dry_run, yes=yes)


@command.command("check-encrypted", short_help="Refuse Secrets in plain text, and SOPS files that were tampered with")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--staged", is_flag=True, help="What is about to be committed, instead of files.")
def check_encrypted(files: tuple[str, ...], staged: bool) -> int:
    """Refuse Secrets in plain text, and SOPS files that were tampered with.

    No key is needed: what shows without one is looked at, also against the last commit.
    """
    from strongroom.leaks.files.committed import SUFFIXES, refusals
    from strongroom.report.sanitise import line
    from strongroom.survey import staged as reading

    if staged == bool(files):
        raise UsageError("check-encrypted takes files, or --staged")
    versions = reading.staged(SUFFIXES) if staged else reading.named(f for f in files if f.endswith(SUFFIXES))
    refused = sorted(one for v in versions for one in refusals(v.path, v.data, v.before))
    for one in refused:
        click.echo(line(one.show()))
    if refused:
        click.echo(f"{len(refused)} {'reason' if len(refused) == 1 else 'reasons'} not to commit", err=True)
    return FINDINGS if refused else CLEAN


def _apply(steps: list[Step], *, dry_run: bool, yes: bool) -> int:
    if not steps:
        click.echo("nothing to do: all is as it should be")
    elif carried_out(steps, dry_run=dry_run, yes=yes):
        click.echo("done")
    return CLEAN
