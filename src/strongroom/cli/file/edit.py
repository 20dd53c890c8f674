"""``strongroom file edit``."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import click

from strongroom.cli.file import editors, options
from strongroom.cli.root import CLEAN
from strongroom.crypto.memory import guard
from strongroom.errors import OutputError, SourceError, StrongroomError, UsageError
from strongroom.files.sops import editing, scratch
from strongroom.files.sops.formats import format_of
from strongroom.keys.key import Context
from strongroom.model.plaintext import Plaintext

if TYPE_CHECKING:
    from strongroom.files.sops.opened import Opened
    from strongroom.files.sops.rule import Rule

_BY_A_SIGNAL = 128


class _Work(NamedTuple):
    """An edit under way.

    Attributes:
        before: the encrypted file as it was read; None for a file that was not there.
        found: the file opened; its metadata and data key serve for what is kept, too.
        plain: what the editor began with, or would have.
        seal: makes the encrypted file of an edited text.
    """

    here: editing.Edit
    before: bytes | None
    found: Opened
    plain: Plaintext
    seal: Callable[[Plaintext], bytes]
    context: Context


@click.command("edit")
@click.argument("file")
@click.option("--recover", is_flag=True, help="Go on with the text of an edit that was interrupted.")
@click.option("--discard", is_flag=True, help="Drop the text of an edit that was interrupted.")
@options.allow_disk
@options.input_type
@options.ignore_mac
@options.decryption_order
@options.config
@options.key_options
def command(
    file: str,
    recover: bool,
    discard: bool,
    allow_disk: bool,
    input_type: str | None,
    ignore_mac: bool,
    decryption_order: str | None,
    config: str | None,
    **more: Any,
) -> int:
    """Edit a file in an editor; on the disk it stays encrypted.

    The editor is that of SOPS_EDITOR, else EDITOR, else vim, nano or vi. Its file is
    in memory-backed storage, for you alone, and wiped at the end. What did not change
    keeps its ciphertext; if nothing did, nothing is written. A file that is not there
    is made, by the rule of .sops.yaml that holds for it.

    Whatever happens, what you saved in the editor is kept, encrypted, until the file
    holds it: --recover goes on with it.
    """
    from strongroom.survey.fingerprint_key import state_folder

    guard()
    if recover and discard:
        raise UsageError("--recover and --discard exclude each other")
    path = Path(os.path.realpath(file))
    with editing.edit(state_folder(), path) as here:
        if discard:
            editing.end(here)
            return CLEAN
        context = options.key_context(decryption_order)
        work = _opened(here, file, context, input_type, config, more, check_mac=not ignore_mac)
        start = _start(work, file, recover=recover)
        return _edit(work, file, start, allow_disk=allow_disk) if start is not None else CLEAN


def _opened(
    here: editing.Edit,
    file: str,
    context: Context,
    input_type: str | None,
    config: str | None,
    more: dict[str, Any],
    *,
    check_mac: bool,
) -> _Work:
    from strongroom.files.sops.sealing import reseal

    if here.file.exists():
        given = options.read_input(file, input_type)
        found = options.opened(given, context, check_mac=check_mac)
        before = given.data.reveal()
        return _Work(here, before, found, found.plain(), lambda text: reseal(found, text, context.now()), context)
    form = format_of(file, input_type)
    given = options.Input(here.file, Path(file), editing.example(form), form)
    rule = options.asked_rules(config, more)(given)
    found = _new(given, rule, context)
    from strongroom.files.sops.sealing import encrypt

    def seal(text: Plaintext) -> bytes:
        return encrypt(text, form, rule, found.data_key, found.metadata.groups, context.now())

    return _Work(here, None, found, given.data, seal, context)


def _new(given: options.Input, rule: Rule, context: Context) -> Opened:
    """Return a file that is not there yet as if it were, so that its keys are proved before anybody types."""
    from strongroom.files.sops import data_key
    from strongroom.files.sops.document import Document
    from strongroom.files.sops.metadata import Metadata
    from strongroom.files.sops.opened import Opened

    key = data_key.new()
    groups = data_key.wrap(key, rule.groups, rule.shamir_threshold, context)
    metadata = Metadata(groups, rule.shamir_threshold, context.now(), "", rule.selection, "")
    return Opened(given.format, Document(Plaintext(b""), (), None), (), metadata, key)


def _start(work: _Work, file: str, *, recover: bool) -> Plaintext | None:
    """Return the text for the editor; None where nothing is to be done.

    Raises:
        UsageError: an interrupted edit is there, and nobody said what is to become of it.
    """
    left = _left(work)
    said = editing.note(work.here)
    more = (
        said is not None
        and editing.typed(said.scratch, work.here.file.name) is not None
        and _beside(work, said.scratch)
    )
    if left is None or (left == work.plain and not more):
        editing.end(work.here)
        if recover:
            click.echo(f"{file}: there is nothing to recover", err=True)
            return None
        return work.plain
    if not recover:
        raise UsageError(
            f"an edit of {file} was interrupted, and its text is kept",
            hint="--recover goes on with it, --discard drops it",
        )
    now = "" if work.before is None else editing.digest(work.before)
    if said is not None and said.before != now:
        click.echo(f"warning: {file} was changed since that edit began; saving takes the place of the change", err=True)
    return left


def _left(work: _Work) -> Plaintext | None:
    """Return the newest text of an interrupted edit."""
    said = editing.note(work.here)
    if said is not None:
        typed = editing.typed(said.scratch, work.here.file.name)
        if typed is not None:
            return typed
    return editing.kept(work.here, lambda metadata: _unwrapped(work, metadata))


def _unwrapped(work: _Work, metadata: Any) -> Plaintext:
    from strongroom.files.sops.data_key import unwrap

    return unwrap(metadata, work.context)


def _edit(work: _Work, file: str, start: Plaintext, *, allow_disk: bool) -> int:
    """Run the editor until the file is written, or the text is kept."""
    words = editors.editor()
    # What an editor left beside its file (vim's swap file) serves it again where the folder is still there.
    said = editing.note(work.here)
    if said is not None and editing.typed(said.scratch, work.here.file.name) is not None:
        folder = said.scratch
    else:
        folder = scratch.make(os.environ, allow_disk=allow_disk)
        editing.begin(work.here, folder, "" if work.before is None else editing.digest(work.before))
        scratch.write(folder / work.here.file.name, start.reveal())
    try:
        while True:
            code = editors.run(words, folder / work.here.file.name, work.here.lock, lambda: _keep_quietly(work, folder))
            try:
                return _save(work, file, folder, code)
            except StrongroomError as error:
                if not _again(error):
                    raise
    except editors.Stopped as stopped:
        _stop(work, file, folder)
        return _BY_A_SIGNAL + stopped.number
    except StrongroomError as error:
        _give_up(work, file, folder, error)


def _save(work: _Work, file: str, folder: Path, code: int) -> int:
    """Write the file if the text changed.

    Raises:
        StrongroomError: it cannot be written.
    """
    text = _text(work, folder)
    if text == work.plain:
        editing.end(work.here)
        if code:
            raise UsageError(f"the editor ended with {code}, and nothing was changed")
        click.echo(f"{file}: unchanged, nothing is written", err=True)
        return CLEAN
    # Where this has no room, the file itself may have.
    _keep_quietly(work, folder)
    if code:
        raise UsageError(f"the editor ended with {code}, and {file} is not written")
    sealed = work.seal(text)
    if _present(work.here.file) != work.before:
        raise UsageError(f"{file} was changed by somebody else while it was edited")
    from strongroom.writing import replace_file

    replace_file(work.here.file, [sealed])
    editing.end(work.here)
    click.echo(f"{file}: written", err=True)
    return CLEAN


def _present(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SourceError(f"{file} cannot be read", hint=(error.strerror or "").lower()) from None


def _text(work: _Work, folder: Path) -> Plaintext:
    text = editing.typed(folder, work.here.file.name)
    if text is None:
        raise SourceError("the editor removed its file", hint="quit it without deleting the file")
    return text


def _keep(work: _Work, text: Plaintext) -> None:
    editing.keep(work.here, text, work.found.metadata, work.found.data_key, work.context.now())


def _keep_quietly(work: _Work, folder: Path) -> None:
    # The editor has the terminal; whether this went well is said when it has ended.
    with contextlib.suppress(StrongroomError):
        _keep(work, _text(work, folder))


def _again(error: StrongroomError) -> bool:
    """Say what went wrong, and ask whether the editor is to be opened again."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    click.echo(f"error: {error.message}" + (f"\nhint: {error.hint}" if error.hint else ""), err=True)
    try:
        return click.confirm("Edit again?", default=True, err=True)
    except click.Abort:
        return False


def _give_up(work: _Work, file: str, folder: Path, error: StrongroomError) -> NoReturn:
    """End with an error; the text is kept, where there is any that the file does not hold."""
    if editing.note(work.here) is None:
        raise error
    where = _set_aside(work, folder)
    raise type(error)(error.message, hint=f"{where}: strongroom file edit --recover {file}") from None


def _stop(work: _Work, file: str, folder: Path) -> None:
    where = _set_aside(work, folder)
    with contextlib.suppress(OSError):
        click.echo(f"interrupted\nhint: {where}: strongroom file edit --recover {file}", err=True)


def _set_aside(work: _Work, folder: Path) -> str:
    """Leave the text encrypted and nothing else; where that cannot be, or an editor left more, leave all in memory.

    Returns:
        Where it is, for people.
    """
    text = editing.typed(folder, work.here.file.name)
    beside = _beside(work, folder)
    if text is not None and text == work.plain and not beside:
        editing.end(work.here)
        return "nothing had been saved"
    try:
        if text is not None:
            _keep(work, text)
    except OutputError:
        return "what you saved is kept until this machine restarts"
    if not beside:
        scratch.wipe(folder)
    return "what you saved is kept"


def _beside(work: _Work, folder: Path) -> bool:
    """Tell whether an editor left more than the file: its own copy of what was not saved."""
    return any(entry.name != work.here.file.name for entry in folder.iterdir())
