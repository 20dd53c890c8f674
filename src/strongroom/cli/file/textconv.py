"""``strongroom file textconv``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from strongroom.errors import StrongroomError

_LARGEST = 256 << 20


@click.command("textconv")
@click.argument("file")
@click.option("--reveal", is_flag=True, help="Show the values themselves.")
@click.option("--fingerprint-key", metavar="FILE", help="File with the key for fingerprints.")
def command(file: str, reveal: bool, fingerprint_key: str | None) -> None:
    """Show a file for git diff: decrypted, and for each value a fingerprint.

    strongroom git install sets it up. A diff then shows which values changed, and
    neither ciphertext nor values. A file that cannot be opened is shown as it is.
    """
    from strongroom.crypto.memory import guard
    from strongroom.keys.process import context
    from strongroom.report.sanitise import line
    from strongroom.survey import fingerprint_key as keys
    from strongroom.survey.encrypted.show import shown

    guard()
    data = read(file)
    try:
        data = shown(data, file, context(), None if reveal else keys.load_passing(fingerprint_key))
    except StrongroomError as error:
        click.echo(f"warning: {line(file)} is shown encrypted: {line(error.message)}", err=True)
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def read(file: str) -> bytes:
    """Return what a file holds.

    Raises:
        SourceError: it cannot be read, or is too large.
    """
    from strongroom.documents.bounded import read_file

    return read_file(Path(file), _LARGEST, name=f"file {file}")
