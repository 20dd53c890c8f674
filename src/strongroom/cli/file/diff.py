"""``strongroom file diff``."""

from __future__ import annotations

import difflib

import click

from strongroom.cli.root import CLEAN, FINDINGS


@click.command("diff")
@click.argument("old")
@click.argument("new")
@click.option("--reveal", is_flag=True, help="Show the values themselves.")
@click.option("--fingerprint-key", metavar="FILE", help="File with the key for fingerprints.")
def command(old: str, new: str, reveal: bool, fingerprint_key: str | None) -> int:
    """Show which values differ between two files, encrypted or not.

    A short fingerprint stands for each value, in a file in plain, too. Exit codes: 0
    the same, 1 they differ, 2 it could not be done.
    """
    from strongroom.cli.file.textconv import read
    from strongroom.crypto.memory import guard
    from strongroom.keys.process import context
    from strongroom.report.sanitise import line
    from strongroom.survey import fingerprint_key as keys
    from strongroom.survey.encrypted.show import compared

    guard()
    key = None if reveal else keys.load_passing(fingerprint_key)
    texts = compared((old, read(old)), (new, read(new)), context(), key)
    before, after = (text.decode("utf-8", "replace").split("\n") for text in texts)
    lines = list(difflib.unified_diff(before, after, line(old), line(new), lineterm=""))
    for text in lines:
        click.echo(line(text, 100_000))
    return FINDINGS if lines else CLEAN
