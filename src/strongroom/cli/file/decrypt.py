"""``strongroom file decrypt``."""

from __future__ import annotations

import click

from strongroom.cli.file import options, several
from strongroom.cli.root import CLEAN
from strongroom.errors import UsageError
from strongroom.files.sops.addresses import address


@click.command("decrypt")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@options.in_place
@options.output
@several.output_dir
@click.option("--extract", metavar="PATH", help='Only what stands there: \'["stringData"]["password"]\'.')
@options.input_type
@options.output_type
@options.filename_override
@options.ignore_mac
@options.decryption_order
@options.config
def command(
    files: tuple[str, ...],
    in_place: bool,
    output: str | None,
    output_dir: str | None,
    extract: str | None,
    input_type: str | None,
    output_type: str | None,
    filename_override: str | None,
    ignore_mac: bool,
    decryption_order: str | None,
    config: str | None,  # noqa: ARG001 - as sops takes it; only layouts that are made anew would need it
) -> int:
    """Decrypt a file; its layout stays as it is.

    The result goes to standard output, or with -i over the file. Without FILE,
    standard input is read; --filename-override or --input-type says then as what.
    Several files go over themselves (-i), or into a folder (--output-dir).
    """
    context = options.key_context(decryption_order)

    def plain(file: str | None) -> tuple[options.Input, bytes]:
        given = options.read_input(file, input_type, filename_override)
        found = options.opened(given, context, check_mac=not ignore_mac)
        if extract is not None:
            from strongroom.files.sops.sealing import get_value

            return given, get_value(found, address(extract)).reveal()
        return given, options.converted(
            given._replace(data=found.plain()), output_type, filename_override
        ).data.reveal()

    if several.wanted(files, in_place=in_place, output=output, output_dir=output_dir):
        if extract is not None or filename_override:
            raise UsageError("--extract and --filename-override are for one file")
        return several.each(files, plain, output_dir, private=True)
    file = files[0] if files else None
    options.check_places(file, in_place=in_place, output=output)
    given, data = plain(file)
    options.write(data, given, in_place=in_place, output=output, private=True)
    return CLEAN
