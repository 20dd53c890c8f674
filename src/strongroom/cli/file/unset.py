"""``strongroom file unset``."""

from __future__ import annotations

import click

from strongroom.cli.file import options
from strongroom.errors import UsageError
from strongroom.files.sops.addresses import address


@click.command("unset")
@click.argument("file")
@click.argument("path")
@click.option("--idempotent", is_flag=True, help="It is no error if nothing stands there.")
@options.input_type
@options.ignore_mac
@options.decryption_order
def command(
    file: str, path: str, idempotent: bool, input_type: str | None, ignore_mac: bool, decryption_order: str | None
) -> None:
    """Remove one value, or everything below PATH.

    PATH is written as for strongroom file get.
    """
    from strongroom.files.sops.sealing import unset_value

    options.check_places(file, in_place=True, output=None)
    given = options.read_input(file, input_type)
    context = options.key_context(decryption_order)
    found = options.opened(given, context, check_mac=not ignore_mac)
    try:
        left = unset_value(found, address(path), context.now())
    except UsageError:
        if idempotent:
            return
        raise
    options.write(left, given, in_place=True)
