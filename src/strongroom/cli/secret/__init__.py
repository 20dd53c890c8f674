"""``strongroom secret``: make Secrets, look at them, change a value; one module per subcommand."""

from __future__ import annotations

import importlib

import click

SUBCOMMANDS = {
    "create": "Make a Secret: encrypted, sealed or applied, never in plain",
    "list": "List keys of Secrets: sizes and fingerprints, no values",
    "get": "Show one value, behind --reveal",
    "set": "Change or add one value",
}
"""Subcommand to its line of help; each lives as ``command`` in the module of its name."""

_MODULES = {"list": "list_", "set": "set_"}


class _Group(click.Group):
    """Loads a subcommand's module when the subcommand is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in SUBCOMMANDS:
            return None
        found: click.Command = importlib.import_module(
            f"strongroom.cli.secret.{_MODULES.get(cmd_name, cmd_name)}"
        ).command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(SUBCOMMANDS.items()))


@click.group("secret", cls=_Group)
def command() -> None:
    """Make Secrets that are never in plain on the disk, and look at them.

    Values come from a prompt, standard input, a file or a generator. The result is a
    SOPS file, a SealedSecret, or it goes to the cluster.
    """
