"""``strongroom secret``: make Secrets, look at them, change a value; one module per subcommand."""

from __future__ import annotations

import click

from strongroom.cli.lazy import LazyGroup

SUBCOMMANDS = {
    "create": "Make a Secret: encrypted, sealed or applied, never in plain",
    "list": "List keys of Secrets: sizes and fingerprints, no values",
    "get": "Show one value, behind --reveal",
    "set": "Change or add one value",
}
"""Subcommand to its line of help."""


@click.group("secret", cls=LazyGroup, package=__name__, table=SUBCOMMANDS)
def command() -> None:
    """Make Secrets that are never in plain on the disk, and look at them.

    Values come from a prompt, standard input, a file or a generator. The result is a
    SOPS file, a SealedSecret, or it goes to the cluster.
    """
