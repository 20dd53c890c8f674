"""``strongroom at-rest``: encryption at rest."""

from __future__ import annotations

import click

from strongroom.cli.lazy import LazyGroup

SUBCOMMANDS: dict[str, str] = {
    "status": "What is configured, what API servers have loaded, what etcd's bytes say",
    "configure": "Turn encryption at rest on, on a control-plane node",
    "rotate": "Rotate the key, or go over to another provider, step by step and proved",
    "verify": "Prove that everything is encrypted, under a present key, and readable",
    "backup": "Back up Secrets, or a whole etcd, into one encrypted file",
    "restore": "Bring Secrets of a backup back, shown first and undone on request",
}
"""Subcommand to its line of help, in the order of the help; each lives in the module of its name."""


@click.command(cls=LazyGroup, package="strongroom.cli.at_rest", table=SUBCOMMANDS)
def command() -> None:
    """Encryption of Secrets in etcd: configured, rotated, proved, backed up."""
