"""``strongroom file publish``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from strongroom.cli.asking import YES, confirmed
from strongroom.cli.root import CLEAN, FINDINGS
from strongroom.errors import StrongroomError, UsageError


@click.command("publish")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("-r", "--recursive", is_flag=True, help="Enter folders; names in the store are relative to PATH.")
@click.option("--omit-extensions", is_flag=True, help="Leave out the suffix of names.")
@click.option("--config", metavar="FILE", help="Instead of the nearest .sops.yaml.")
@click.option("--dry-run", is_flag=True, help="Only say what would go where.")
@YES
def command(
    paths: tuple[str, ...], recursive: bool, omit_extensions: bool, config: str | None, dry_run: bool, yes: bool
) -> int:
    """Put encrypted files into a store, as destination_rules of .sops.yaml say.

    S3 and Google Cloud Storage get the file encrypted, under the keys of
    recreation_rule where there is one. Vault and OpenBao get the values of the file
    as one secret, which their key-value engine protects; a version that holds the
    same is not written again.
    """
    from strongroom.cli.file.textconv import read
    from strongroom.crypto.memory import guard
    from strongroom.files.sops.publishing import publication, publish
    from strongroom.files.sops.rules import find
    from strongroom.keys.process import context
    from strongroom.report.sanitise import line

    guard()
    where = context()
    settings = Path(config) if config else find(Path(), os.environ)
    if settings is None:
        raise UsageError("there is no .sops.yaml with destination_rules", hint="--config names one")
    files = list(_files(paths, recursive=recursive))
    todo = [publication(path, below, settings, where, omit_extensions=omit_extensions) for path, below in files]
    if not todo:
        raise UsageError("no encrypted file is there")
    for one in todo:
        click.echo(f"{line(str(one.path))} -> {line(one.address)}")
    if dry_run:
        return CLEAN
    confirmed(yes=yes)
    failed = 0
    for one in todo:
        try:
            new = publish(one, read(str(one.path)), where)
            click.echo(f"{line(one.address)}: {'written' if new else 'is there already'}", err=True)
        except StrongroomError as error:
            failed += 1
            for text in f"failed: {one.path}: {error.message}".split("\n") + ([error.hint] if error.hint else []):
                click.echo(line(text), err=True)
    return FINDINGS if failed else CLEAN


def _files(paths: tuple[str, ...], *, recursive: bool) -> Iterator[tuple[Path, Path]]:
    """Yield files, each with the folder that its name in the store starts from."""
    from strongroom.survey.encrypted.tree import Scope, looks

    for given in paths:
        path = Path(given)
        if path.is_dir() and not recursive:
            raise UsageError(f"{given} is a folder", hint="-r enters it")
        if path.is_dir():
            yield from (
                (Path(one.name), path) for one in looks((given,), Scope(os.environ)) if one.metadata is not None
            )
        else:
            yield path, path.parent
