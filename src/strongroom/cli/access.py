"""``strongroom access``: who can reach which secret, and how."""

from __future__ import annotations

import importlib

import click

_COMMANDS = {
    "who-can": ("access_who_can", "Who may do something, by direct RBAC"),
    "exposure": ("access_questions", "Per Secret: who reaches it, in how many steps, by which means"),
    "reach": ("access_questions", "Everything that an identity can reach"),
    "paths": ("access_questions", "The shortest paths from one to the other, each step explained"),
    "diff": ("access_questions", "Who reaches what he did not before; exit 1 if reach grew"),
    "review": ("access_questions", "The periodic access review: people, groups, accounts and Secrets"),
    "minimise": ("access_minimise", "Smaller roles: what is known to be needed of Secrets, as a diff or a plan"),
    "what-if": ("access_questions", "What a change would change, and what falls with an identity"),
}
"""Command to the module that has it and its line of help, so that help loads none of them."""


class _Group(click.Group):
    """Loads a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"strongroom.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            ctx.fail(f"there is no command {args[0]!r}" + (f"; did you mean {near[0]}?" if near else ""))
        return super().resolve_command(ctx, args)


@click.command(
    "access",
    cls=_Group,
    epilog="Exit codes: 0 answered, 1 reach grew (diff), 2 it could not be done.",
)
def command() -> None:
    """Say who can reach which secret, and how.

    An identity is serviceaccount/NAMESPACE/NAME, user/NAME, group/NAME, pod/NAMESPACE/NAME, node/NAME, or a file: a
    kubeconfig or token that leaked.
    """
