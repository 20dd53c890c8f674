"""``strongroom file set``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from strongroom.cli.file import options
from strongroom.errors import SourceError, UsageError
from strongroom.files.sops.addresses import address
from strongroom.model.plaintext import Plaintext


@click.command("set")
@click.argument("file")
@click.argument("path")
@click.argument("value", required=False)
@click.option("--value-stdin", is_flag=True, help="Read the value from standard input.")
@click.option("--value-file", is_flag=True, help="VALUE names a file with the value.")
@click.option("--string", "is_text", is_flag=True, help="The value is a text as it stands, not JSON.")
@click.option("--idempotent", is_flag=True, help="Leave the file alone if the value stands there already.")
@options.input_type
@options.ignore_mac
@options.decryption_order
def command(
    file: str,
    path: str,
    value: str | None,
    value_stdin: bool,
    value_file: bool,
    is_text: bool,
    idempotent: bool,
    input_type: str | None,
    ignore_mac: bool,
    decryption_order: str | None,
) -> None:
    """Change one value, or put a new one in.

    PATH is written as for strongroom file get. As with sops the value is JSON:
    '"text"', 3, true, or a whole object. Without VALUE it is asked for on the
    terminal, and is then a text as it stands. A value on the command line can be
    seen in the list of processes and in the history of the shell.
    """
    from strongroom.files.sops.opened import open_file
    from strongroom.files.sops.sealing import set_value

    options.check_places(file, in_place=True, output=None)
    where = address(path)
    given = options.read_input(file, input_type)
    context = options.key_context(decryption_order)
    found = options.opened(given, context, check_mac=not ignore_mac)
    new = _value(value, path, from_stdin=value_stdin, from_file=value_file, is_text=is_text)
    changed = set_value(found, where, new, context.now())
    if idempotent and open_file(changed, given.format, lambda _: found.data_key).plain() == found.plain():
        return
    options.write(changed, given, in_place=True)


def _value(value: str | None, path: str, *, from_stdin: bool, from_file: bool, is_text: bool) -> Plaintext:
    """Return the value as JSON."""
    if from_stdin and (from_file or value is not None):
        raise UsageError("--value-stdin goes without VALUE and without --value-file")
    if from_file and value is None:
        raise UsageError("--value-file needs the name of a file")
    if from_stdin:
        text = sys.stdin.buffer.read()
    elif value is None:
        text, is_text = _asked(path), True
    elif from_file:
        text = _read(value)
    else:
        click.echo("warning: a value on the command line is seen by others; --value-stdin reads it", err=True)
        text = value.encode("utf-8", "surrogateescape")
    return _as_json(text) if is_text else _checked(text)


def _asked(path: str) -> bytes:
    from strongroom.keys.process import has_terminal, unseen

    what = f"the new value of {path}"
    if not has_terminal():
        raise UsageError(f"{what} is asked for, and there is no terminal to ask on", hint="--value-stdin reads it")
    given = unseen(what, what).reveal()
    if not given:
        raise UsageError(f"nothing was given for {what}")
    return given


def _read(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise SourceError(f"file {name} cannot be read", hint=(error.strerror or "").lower()) from None


def _as_json(text: bytes) -> Plaintext:
    import json

    try:
        return Plaintext(json.dumps(text.decode(), ensure_ascii=False))
    except UnicodeDecodeError:
        raise UsageError("the value is not UTF-8", hint="base64 it, as in data of a Secret") from None


def _checked(text: bytes) -> Plaintext:
    import json

    try:
        json.loads(text)
    except (ValueError, RecursionError):
        # The text of the error would quote the value.
        raise UsageError("the value is not JSON", hint="--string takes it as it stands") from None
    return Plaintext(text)
