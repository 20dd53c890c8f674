"""``strongroom file exec-env``."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import click

from strongroom.cli.file import children, options
from strongroom.errors import UsageError
from strongroom.files.sops.converting import as_text

if TYPE_CHECKING:
    from strongroom.files.sops.opened import Opened


@click.command("exec-env", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("file")
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--pristine", is_flag=True, help="Only the values, without the environment that is there.")
@click.option("--same-process", is_flag=True, help="Become the program instead of starting it.")
@click.option("--user", metavar="NAME", help="Run it as this user.")
@options.input_type
@options.ignore_mac
@options.decryption_order
def command(
    file: str,
    program: tuple[str, ...],
    pristine: bool,
    same_process: bool,
    user: str | None,
    input_type: str | None,
    ignore_mac: bool,
    decryption_order: str | None,
) -> int:
    """Run a program with the values of a file in its environment.

    PROGRAM is one word for the shell, as with sops ('make deploy'), or a program and
    its arguments. The keys of the file become names, which must be on one level.
    Signals are passed on, and the exit code is that of the program.
    """
    who = children.account(user) if user else None
    given = options.read_input(file, input_type)
    found = options.opened(given, options.key_context(decryption_order), check_mac=not ignore_mac)
    environment = ({} if pristine else dict(os.environ)) | _variables(found)
    if not same_process:
        return children.run(children.words(children.stripped(program)), environment, who)
    if who is not None and who.user != os.geteuid():
        os.setgroups(who.groups)
        os.setgid(who.group)
        os.setuid(who.user)
    started = children.words(children.stripped(program))
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and a program inherits that
    try:
        os.execvpe(started[0], started, environment)  # noqa: S606 - the program that the user names
    except OSError as error:
        raise UsageError(f"{started[0]} cannot be started", hint=(error.strerror or "").lower()) from None


def _variables(found: Opened) -> dict[str, str]:
    """Return the values of the first document under their names."""
    values: dict[str, str] = {}
    for leaf, scalar in zip(found.encrypted.leaves, found.scalars, strict=True):
        if leaf.branch or scalar.type == "comment":
            continue
        if len(leaf.address) != 1:
            raise UsageError(
                f"{leaf.address[0]} is more than one value, and cannot be a variable", hint="exec-file passes the file"
            )
        name = str(leaf.address[0])
        raw = scalar.data.reveal()
        if not name or "=" in name or "\0" in name:
            raise UsageError(f"{name!r} cannot be the name of a variable")
        if b"\0" in raw:
            raise UsageError(f"the value of {name} holds a zero byte, and cannot be a variable")
        values[name] = os.fsdecode(raw) if scalar.type in {"str", "bytes"} else as_text(scalar)
    return values
