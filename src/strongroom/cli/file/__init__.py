"""``strongroom file``: SOPS documents; one module per subcommand, loaded when it is called."""

from __future__ import annotations

import importlib

import click

SUBCOMMANDS = {
    "encrypt": "Encrypt a file",
    "decrypt": "Decrypt a file to standard output",
    "edit": "Edit a file in an editor; it stays encrypted on the disk",
    "get": "Print one value",
    "set": "Change one value",
    "unset": "Remove one value",
    "rotate": "New data key, everything encrypted anew",
    "exec-env": "Run a program with the values in its environment",
    "exec-file": "Run a program with the decrypted file as a temporary file",
    "updatekeys": "Give files the keys of their rule",
    "status": "Which files are encrypted, which should be, and which are out of step",
    "recipients": "Who can open what, and since when",
    "offboard": "Take somebody out everywhere, and list what must be rotated",
    "publish": "Put files into a store, as destination_rules say",
    "merge": "Merge encrypted files value by value; Git's merge driver",
    "textconv": "Show a file for git diff, its values masked",
    "diff": "Show which values differ between two files",
    "keygen": "Make an age key",
    "init": "From nothing to a first encrypted Secret",
}
"""Subcommand to its line of help. ``exec-env`` lives as ``command`` in ``strongroom.cli.file.exec_env``, and so on."""


class _Group(click.Group):
    """Loads a subcommand's module when the subcommand is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in SUBCOMMANDS:
            return None
        module = importlib.import_module(f"strongroom.cli.file.{cmd_name.replace('-', '_')}")
        found: click.Command = module.command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(SUBCOMMANDS.items()))


@click.group("file", cls=_Group)
def command() -> None:
    """Secrets in Git, as SOPS files.

    Reads and writes what the program sops does, by the same .sops.yaml and the
    same environment variables; the layout of a file is kept.
    """
