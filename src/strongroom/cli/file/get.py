"""``strongroom file get``."""

from __future__ import annotations

import sys

import click

from strongroom.cli.file import options
from strongroom.files.sops.addresses import address


@click.command("get")
@click.argument("file")
@click.argument("path")
@options.input_type
@options.ignore_mac
@options.decryption_order
def command(file: str, path: str, input_type: str | None, ignore_mac: bool, decryption_order: str | None) -> None:
    """Print one value, or everything below PATH.

    PATH is stringData.password, or as sops writes it '["stringData"]["password"]'; a
    number is a position in a list, from 0. What is no text comes as the file's format
    writes it.
    """
    from strongroom.files.sops.sealing import get_value

    given = options.read_input(file, input_type)
    found = options.opened(given, options.key_context(decryption_order), check_mac=not ignore_mac)
    value = get_value(found, address(path)).reveal()
    # As sops, a text comes without an end of line; a person gets one.
    options.write(value + b"\n" if sys.stdout.isatty() and not value.endswith(b"\n") else value, given)
