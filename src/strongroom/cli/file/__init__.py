"""``strongroom file``: SOPS documents; one module per subcommand, loaded when it is called."""

from __future__ import annotations

import click

from strongroom.cli.lazy import LazyGroup

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
"""Subcommand to its line of help."""


@click.group("file", cls=LazyGroup, package=__name__, table=SUBCOMMANDS)
def command() -> None:
    """Secrets in Git, as SOPS files.

    Reads and writes what the program sops does, by the same .sops.yaml and the
    same environment variables; the layout of a file is kept.
    """
