"""``strongroom access``: who can reach which secret, and how."""

from __future__ import annotations

import importlib

import click

from strongroom.cli.lazy import LazyGroup

_COMMANDS = {
    "who-can": ("access_who_can", "Who may do something, by direct RBAC"),
    "exposure": ("access_questions", "Per Secret: who reaches it, in how many steps, by which means"),
    "reach": ("access_questions", "Everything that an identity can reach"),
    "paths": ("access_questions", "The shortest paths from one to the other, each step explained"),
    "diff": ("access_questions", "Who reaches what they did not before; exit 1 if reach grew"),
    "review": ("access_questions", "The periodic access review: people, groups, accounts and Secrets"),
    "minimise": ("access_minimise", "Smaller roles: what is known to be needed of Secrets, as a diff or a plan"),
    "what-if": ("access_questions", "What a change would change, and what falls with an identity"),
}
"""Command to the module that has it and its line of help, so that help loads none of them."""


class _Group(LazyGroup):
    """Several commands live in one module, each under its own name."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"{self.package}.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command


@click.command(
    "access",
    cls=_Group,
    package="strongroom.cli",
    table={name: text for name, (_, text) in _COMMANDS.items()},
    epilog="Exit codes: 0 answered, 1 reach grew (diff), 2 it could not be done.",
)
def command() -> None:
    """Say who can reach which secret, and how.

    An identity is serviceaccount/NAMESPACE/NAME, user/NAME, group/NAME, pod/NAMESPACE/NAME, node/NAME, or a file: a
    kubeconfig or token that leaked.
    """
