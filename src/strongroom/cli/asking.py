"""Asking a person before something is done."""

from __future__ import annotations

import sys

import click

from strongroom.errors import UsageError


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
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to ask", hint="--yes does it without asking, --dry-run only shows it")
    if not click.confirm(question, err=True):
        raise UsageError("nothing was done: the answer was no")
