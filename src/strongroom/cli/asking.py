"""Asking a person before something is done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from strongroom.errors import UsageError

YES = click.option("-y", "--yes", is_flag=True, help="Do it without asking.")


def carried_out(steps: Sequence[tuple[str, Callable[[], Any]]], *, dry_run: bool, yes: bool) -> bool:
    """Show steps, ask, do them; tell whether they were done.

    Args:
        steps: each in words, and what does it.
        dry_run: only show them.
        yes: ``--yes`` was given.

    Raises:
        UsageError: nobody is there to ask.
        click.Abort: the question was interrupted.
    """
    from strongroom.report.sanitise import line

    for words, _ in steps:
        click.echo(f"{'would ' if dry_run else ''}{line(words)}")
    if dry_run:
        return False
    if not yes:
        _somebody()
        if not click.confirm("Do it?", default=True):
            return False
    for _, do in steps:
        do()
    return True


def confirmed(question: str = "Do it?", *, yes: bool) -> None:
    """Return when it shall be done.

    Args:
        question: on standard error, so that the output stays what it is.
        yes: ``--yes`` was given.

    Raises:
        UsageError: nobody is there to ask, or the answer is no.
        click.Abort: the question was interrupted.
    """
    if yes:
        return
    _somebody()
    if not click.confirm(question, err=True):
        raise UsageError("nothing was done: the answer was no")


def _somebody() -> None:
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to ask", hint="--yes does it without asking, --dry-run only shows it")
