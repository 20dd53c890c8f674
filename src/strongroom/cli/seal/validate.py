"""``strongroom seal validate``: can every value be opened?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from strongroom.cli.root import CLEAN, FINDINGS
from strongroom.cli.seal.options import (
    Cluster,
    cluster_of,
    controller_options,
    files_of,
    keys_option,
    private_keys,
    with_controller,
)
from strongroom.errors import UsageError

if TYPE_CHECKING:
    from strongroom.files.sealed.controller import Controller
    from strongroom.files.sealed.sealed import SealedSecret
    from strongroom.survey.seal_tree import SealedFile, Verdict


@click.command("validate")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@controller_options
@keys_option
@click.option("--no-gitignore", is_flag=True, help="Read files that .gitignore leaves out too.")
def command(paths: tuple[str, ...], exported: tuple[str, ...], no_gitignore: bool, **options: Any) -> int:
    """Check that every value of SealedSecrets can be opened.

    With exported keys that is done here; else the cluster's controller is asked.
    Nothing is shown of the values. PATH is a file, a folder, or - for standard
    input. Exit codes: 0 all can be opened, 1 some cannot, 2 it could not be
    found out.
    """
    from strongroom.crypto.memory import guard
    from strongroom.report.sanitise import line

    guard()
    files = _files(paths, gitignore=not no_gitignore)
    if not any(file.objects or file.problem for file in files):
        raise UsageError("there is no SealedSecret", hint="name files or folders that hold some")
    verdicts = _here(files, exported) if exported else _asked(files, cluster_of(options))
    for one in verdicts:
        click.echo(
            line(f"{'no' if one.reason else 'ok'}  {one.shown}: {one.name}" + (f": {one.reason}" if one.reason else ""))
        )
    unread = [file for file in files if file.problem]
    for file in unread:
        click.echo(line(f"no  {file.shown}: {file.problem}"))
    return FINDINGS if unread or any(one.reason for one in verdicts) else CLEAN


def _files(paths: tuple[str, ...], *, gitignore: bool) -> list[SealedFile]:
    from strongroom.files.sealed.sealed import read_sealed
    from strongroom.survey.seal_tree import SealedFile, sealed_files

    if "-" in paths:
        data = sys.stdin.buffer.read()
        return [SealedFile("standard input", Path(), data, read_sealed(data, "standard input"))]
    return [*sealed_files(files_of(paths, gitignore=gitignore))]


def _here(files: Sequence[SealedFile], exported: tuple[str, ...]) -> list[Verdict]:
    from strongroom.errors import StrongroomError
    from strongroom.files.sealed.opening import open_all
    from strongroom.survey.seal_tree import verdict

    keys = private_keys(exported)

    def check(sealed: SealedSecret) -> str:
        try:
            open_all(sealed, keys)
        except StrongroomError as error:
            return error.message.replace(f" of {sealed.show()}", "", 1)
        return ""

    return [verdict(file, sealed, check) for file in files for sealed in file.objects]


def _asked(files: Sequence[SealedFile], cluster: Cluster) -> list[Verdict]:
    from strongroom.survey.seal_tree import verdict

    async def ask(controller: Controller) -> list[Verdict]:
        found = []
        for file in files:
            for sealed in file.objects:
                one = verdict(file, sealed, lambda _: "")
                if not one.reason and not await controller.opens(sealed):
                    one = one._replace(reason="the controller cannot open it")
                found.append(one)
        return found

    return with_controller(cluster, ask)
