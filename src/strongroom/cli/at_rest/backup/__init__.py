"""``strongroom at-rest backup``; one module per subcommand, loaded when it is called."""

from __future__ import annotations

import click

from strongroom.cli.lazy import LazyGroup

SUBCOMMANDS = {
    "create": "Back up Secrets, or a whole etcd; backup -o FILE means the same",
    "verify": "Check that a backup opens, is whole, and equals the cluster",
}
"""Subcommand to its line of help."""

_DEFAULT = "create"


class _Group(LazyGroup):
    """What is no subcommand belongs to the default one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in SUBCOMMANDS and args[0] not in ctx.help_option_names:
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)


@click.group(
    "backup",
    cls=_Group,
    package=__name__,
    table=SUBCOMMANDS,
    epilog="strongroom at-rest backup create --help shows the options.",
)
def command() -> None:
    """Back up Secrets into one encrypted file, and prove that it can be opened.

    strongroom at-rest backup --age RECIPIENT -o FILE
    """
