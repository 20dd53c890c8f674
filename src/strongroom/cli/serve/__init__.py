"""``strongroom serve``: programs that keep running."""

from __future__ import annotations

import click

from strongroom.cli.lazy import LazyGroup

SUBCOMMANDS: dict[str, str] = {
    "kms-plugin": "Encrypt the data keys of an API server, under a key that stays where it is",
    "kms-key": "Make or rotate a key in a file for the plugin, for development",
}
"""Subcommand to its line of help, in the order of the help; each lives in the module of its name."""


@click.command(cls=LazyGroup, package="strongroom.cli.serve", table=SUBCOMMANDS)
def command() -> None:
    """Programs that keep running, each with its health and its metrics."""
