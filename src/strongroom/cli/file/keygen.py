"""``strongroom file keygen``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from strongroom.cli.file import options
from strongroom.crypto.memory import guard
from strongroom.errors import OutputError, UsageError
from strongroom.keys.key import Context
from strongroom.model.plaintext import Plaintext


@click.command("keygen")
@click.option("-o", "--output", metavar="FILE", help="Where the key goes.  [default: where sops looks for it]")
@click.option("--passphrase", is_flag=True, help="Ask for a passphrase that protects the file.")
def command(output: str | None, passphrase: bool) -> None:
    """Make an age key.

    The key is written for you alone, over nothing that is there; its recipient, which
    everybody may know, is printed.
    """
    guard()
    context = options.key_context()
    click.echo(make(key_file(output, context), context, protected=passphrase))


def key_file(named: str | None, context: Context) -> Path:
    """Return where a key goes: the file that is named, else where sops looks for keys.

    Raises:
        UsageError: nothing is named, and the account has no home.
    """
    from strongroom.keys.age_identities import keys_file

    file = Path(named) if named else keys_file(context.environment)
    if file is None:
        raise UsageError("this account has no home for a key", hint="--output FILE names one")
    return file


def make(file: Path, context: Context, *, protected: bool) -> str:
    """Write a new key; return its recipient.

    Raises:
        UsageError: something is there already, or the passphrase was not given.
        OutputError: the key cannot be written.
    """
    from strongroom.keys import age

    if os.path.lexists(file):
        raise UsageError(f"{file} is there already", hint="--output FILE names another place; keys are never replaced")
    secret = _passphrase(context, file) if protected else None
    identity, recipient = age.generate()
    text = age.identity_file(identity, recipient, context.now(), secret)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Exclusive: a key that another wrote in the meantime stays.
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor, not a path
            stream.write(text.reveal())
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise OutputError(f"key {file} cannot be written", hint=(error.strerror or "").lower()) from None
    return recipient


def _passphrase(context: Context, file: Path) -> Plaintext:
    given = context.ask(f"the new key {file}")
    if given != context.ask(f"the new key {file} once more"):
        raise UsageError("the passphrases differ")
    return given
