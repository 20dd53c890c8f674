"""``strongroom file merge``."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from strongroom.cli.root import CLEAN, FINDINGS
from strongroom.errors import UsageError

if TYPE_CHECKING:
    from strongroom.keys.key import Context
    from strongroom.model.plaintext import Plaintext


_BY_A_SIGNAL = 128


@click.command("merge")
@click.argument("files", nargs=-1, metavar="BASE OURS THEIRS NAME | --resolve FILE")
@click.option("--resolve", is_flag=True, help="Resolve the conflict of FILE.")
@click.option(
    "--take", type=click.Choice(["ours", "theirs"]), help="With --resolve: which side wins where both changed a value."
)
@click.option("--driver", is_flag=True, hidden=True, help="Exit code 9 where conflicts are left.")
def command(files: tuple[str, ...], resolve: bool, take: str | None, driver: bool) -> int:
    """Merge encrypted files value by value; Git's merge driver.

    strongroom git install sets it up. Git then calls it with three versions of a
    file, and the result takes the place of OURS. Recipients that either side added
    can open the result, those that either side removed cannot.

    Where both sides changed the same value, the file gets Git's markers around the
    two, still encrypted, and Git stops. --resolve FILE opens an editor with the
    conflict in plain, in a file in memory, and encrypts what is saved. It starts
    from the versions in Git's index; --take decides without an editor.

    Exit codes: 0 merged, 1 conflicts are left, 2 it could not be done.
    """
    from strongroom.crypto.memory import guard
    from strongroom.keys.process import context

    guard()
    if resolve:
        if len(files) != 1:
            raise UsageError("--resolve takes one file")
        from strongroom.cli.file.editors import Stopped

        try:
            return _resolve(Path(files[0]), take, context())
        except Stopped as stopped:
            return _BY_A_SIGNAL + stopped.number
    if len(files) != 4 or take is not None:
        raise UsageError("merge takes BASE OURS THEIRS NAME", hint="strongroom git install lets Git call it")
    conflicts = _drive(files, context())
    if driver and conflicts:
        from strongroom.survey.git_drivers import MERGE_CONFLICT

        return MERGE_CONFLICT
    return FINDINGS if conflicts else CLEAN


def _drive(files: tuple[str, ...], context: Context) -> bool:
    """Merge, and say what came of it; tell whether Git is to stop."""
    from strongroom.report.sanitise import line
    from strongroom.survey.encrypted.merge import drive

    base, ours, theirs, name = files
    again = line(f"strongroom file merge --resolve {'-- ' * name.startswith('-')}{shlex.quote(name)}")
    driven = drive(Path(base), Path(ours), Path(theirs), name, context)
    if driven.error is not None:
        text = f"error: {name}: {driven.error.message}" + (f"\nhint: {driven.error.hint}" if driven.error.hint else "")
        for part in text.split("\n"):
            click.echo(line(part), err=True)
        click.echo(f"the ciphertexts are left to Git; {again} tries again", err=True)
    elif driven.told:
        click.echo(f"conflict in {line(name)}: {line(driven.told)}", err=True)
        click.echo(f"{again} opens it in an editor", err=True)
    for who in driven.added:
        click.echo(f"{line(name)}: {line(who)} can open it now, as their side has it", err=True)
    if driven.stop:
        click.echo(f"{line(name)}: git add takes it so, if that is right", err=True)
    return driven.conflicts or driven.stop


def _resolve(path: Path, take: str | None, context: Context) -> int:
    from strongroom.files.sops.formats import format_of
    from strongroom.report.sanitise import line
    from strongroom.survey.encrypted.merge import merge_versions, resolved, stages
    from strongroom.writing import replace_file

    versions = stages(path)
    base, ours, theirs = versions.get("base", b""), versions["ours"], versions["theirs"]
    merged = merge_versions(base, ours, theirs, format_of(path.name), context)
    data = merged.data
    if merged.conflicts:
        text = merged.sides[take == "theirs"] if take is not None else _edited(path, merged.marked)
        data = resolved(merged, text, context.now())
    replace_file(path, [data])
    click.echo(f"{line(str(path))}: written; git add tells Git that the conflict is resolved", err=True)
    return CLEAN


def _edited(path: Path, text: Plaintext) -> Plaintext:
    """Let a person edit a text, in a file in memory.

    Raises:
        UsageError: there is no editor or no memory-backed folder, or the editor fails.
        Stopped: we are asked to end while it runs.
    """
    from strongroom.cli.file import editors
    from strongroom.files.sops import editing, scratch

    words = editors.editor()
    with scratch.folder(os.environ) as folder:
        file = folder / path.name
        scratch.write(file, text.reveal())
        code = editors.run(words, file)
        typed = editing.typed(folder, path.name)
    if code or typed is None:
        raise UsageError(f"the editor ended with {code}, and {path} is not written")
    return typed
