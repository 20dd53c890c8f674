"""``strongroom file exec-file``."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import click

from strongroom.cli.file import children, options
from strongroom.errors import UsageError
from strongroom.files.sops import scratch
from strongroom.model.plaintext import Plaintext

_PLACE = "{}"
_NAME = "tmp-file"


@click.command("exec-file", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("file")
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--no-fifo", is_flag=True, help="A file instead of a pipe: it can be read twice, and be searched in.")
@click.option("--filename", metavar="NAME", help=f"Its name, for programs that look at it.  [default: {_NAME}]")
@click.option("--user", metavar="NAME", help="Run it as this user.")
@options.allow_disk
@options.input_type
@options.output_type
@options.ignore_mac
@options.decryption_order
def command(
    file: str,
    program: tuple[str, ...],
    no_fifo: bool,
    filename: str | None,
    user: str | None,
    allow_disk: bool,
    input_type: str | None,
    output_type: str | None,
    ignore_mac: bool,
    decryption_order: str | None,
) -> int:
    """Run a program with the decrypted file as a temporary file.

    PROGRAM is one word for the shell, as with sops ('kubectl apply -f {}'), or a
    program and its arguments; {} stands for the name of the file. By default that is
    a named pipe, through which the text passes once and never reaches a disk; with
    --no-fifo a file in memory-backed storage, wiped at the end.
    """
    name = filename or _NAME
    if Path(name).name != name or name in {".", ".."}:
        raise UsageError(f"--filename {name} is more than a name")
    who = children.account(user) if user else None
    given = options.read_input(file, input_type)
    found = options.opened(given, options.key_context(decryption_order), check_mac=not ignore_mac)
    plain = options.converted(given._replace(data=found.plain()), output_type).data
    with contextlib.ExitStack() as stack:
        # No text lies in a pipe's folder: it may be on a disk.
        folder = stack.enter_context(scratch.folder(_places(who), allow_disk=allow_disk or not no_fifo))
        place = folder / name
        if no_fifo:
            scratch.write(place, plain.reveal())
        else:
            os.mkfifo(place, 0o600)
        if who is not None:
            os.chown(place, who.user, who.group)
            os.chown(folder, who.user, who.group)
        if not no_fifo:
            stack.enter_context(_writing(place, plain))
        words = [word.replace(_PLACE, str(place)) for word in children.stripped(program)]
        return children.run(children.words(words), os.environ, who)


def _places(who: children.Account | None) -> dict[str, str]:
    """Return the environment that says where the folder goes; nobody else may enter our ``XDG_RUNTIME_DIR``."""
    return {name: text for name, text in os.environ.items() if who is None or name != "XDG_RUNTIME_DIR"}


@contextlib.contextmanager
def _writing(pipe: Path, plain: Plaintext) -> Iterator[None]:
    """Write into a pipe once somebody reads it."""
    writer = threading.Thread(target=_write, args=(pipe, plain), daemon=True)
    writer.start()
    try:
        yield
    finally:
        # Nobody may have opened it: then the writer still waits, and a reader lets it go.
        with contextlib.suppress(OSError):
            reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
            writer.join(timeout=0.2)
            os.close(reader)
        writer.join(timeout=5)


def _write(pipe: Path, plain: Plaintext) -> None:
    with contextlib.suppress(BrokenPipeError, FileNotFoundError), pipe.open("wb", buffering=0) as stream:
        left = memoryview(plain.reveal())
        while left:
            left = left[stream.write(left) or 0 :]
