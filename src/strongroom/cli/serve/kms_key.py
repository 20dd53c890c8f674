"""``strongroom serve kms-key``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from strongroom.crypto.memory import guard
from strongroom.errors import UsageError


@click.command("kms-key")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--rotate", is_flag=True, help="Add a version to the file that is there; it encrypts from then on.")
def command(file: Path, rotate: bool) -> None:
    """Make a key in FILE for a KMS plugin, for development.

    The plugin takes it as --key local-file:FILE. What is printed is the id of the version,
    which everybody may know; the file is for its owner alone.
    """
    guard()
    from strongroom.keys.kek.local_file import create
    from strongroom.keys.process import now

    exists = os.path.lexists(file)
    if exists and not rotate:
        raise UsageError(f"{file} exists", hint="--rotate adds a version to it")
    if rotate and not exists:
        raise UsageError(f"{file} does not exist", hint="without --rotate, it is made")
    click.echo(create(file, now()).id)
