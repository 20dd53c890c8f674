"""Groups of commands: a mistyped one names the nearest, and modules are loaded when a command is called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click


class Group(click.Group):
    """A group that says which command may have been meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called; a usage error where there is none of that name."""
        names = self.list_commands(ctx)
        if args and args[0] not in names and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], names, n=1)
            ctx.fail(f"there is no command {args[0]!r}" + (f"; did you mean {near[0]}?" if near else ""))
        return super().resolve_command(ctx, args)


class LazyGroup(Group):
    """A group whose commands live as ``command`` in modules of a package, ``exec-env`` in ``exec_env``.

    Help loads none of them.

    Args:
        package: the name of the package.
        table: command to its line of help, in the order of the help.
        default: the command to which arguments belong that name none.
    """

    def __init__(self, *args: Any, package: str, table: Mapping[str, str], default: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.package = package
        self.table = table
        self.default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command in front of arguments that name none."""
        if self.default and args and args[0] not in self.table and args[0] not in ctx.help_option_names:
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load a command; None where there is none of that name."""
        if cmd_name not in self.table:
            return None
        found: click.Command = importlib.import_module(f"{self.package}.{cmd_name.replace('-', '_')}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the table."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.table.items()))
