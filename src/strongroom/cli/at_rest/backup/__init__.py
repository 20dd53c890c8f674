"""``strongroom at-rest backup``; one module per subcommand, loaded when it is called."""

from __future__ import annotations

import click

from strongroom.cli.lazy import LazyGroup

SUBCOMMANDS = {
    "create": "Back up Secrets, or a whole etcd; backup -o FILE means the same",
    "verify": "Check that a backup opens, is whole, and equals the cluster",
}
"""Subcommand to its line of help."""


@click.group(
    "backup",
    cls=LazyGroup,
    package=__name__,
    table=SUBCOMMANDS,
    default="create",
    epilog="strongroom at-rest backup create --help shows the options.",
)
def command() -> None:
    """Back up Secrets into one encrypted file, and prove that it can be opened.

    strongroom at-rest backup --age RECIPIENT -o FILE
    """
