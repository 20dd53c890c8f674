"""``strongroom file rotate``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from strongroom.cli.file import options, tree
from strongroom.cli.file.tree import tree_options
from strongroom.cli.root import CLEAN
from strongroom.errors import UsageError

if TYPE_CHECKING:
    from strongroom.files.sops.opened import Opened
    from strongroom.keys.key import Context, MasterKey


@click.command("rotate")
@click.argument("files", nargs=-1, required=True, metavar="FILE")
@options.in_place
@options.output
@options.input_type
@options.filename_override
@options.changed_keys
@options.ignore_mac
@options.decryption_order
@click.option("-r", "--recursive", is_flag=True, help="All encrypted files below folders, in place.")
@tree_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    files: tuple[str, ...],
    in_place: bool,
    output: str | None,
    input_type: str | None,
    filename_override: str | None,
    ignore_mac: bool,
    decryption_order: str | None,
    recursive: bool,
    **more: Any,
) -> int:
    """Make a new data key and encrypt every value under it.

    The result goes to standard output, or with -i over the file. --add-… and --rm-…
    change who can open it. Whoever could open the file before knows its values still:
    strongroom file offboard lists what must be changed for that reason.

    With -r FILE may be several files and folders: what is encrypted is shown, asked
    about and done in place.
    """
    file = options.one_or_tree(ctx, files, recursive=recursive)
    if recursive:
        return tree.recursive(files, "rotate", None, options.how(more))
    options.check_places(file, in_place=in_place, output=output)
    given = options.read_input(file, input_type, filename_override)
    context = options.key_context(decryption_order)
    found = options.opened(given, context, check_mac=not ignore_mac)
    added, removed = options.added_and_removed(more)
    options.write(rotated(found, added, removed, context), given, in_place=in_place, output=output)
    return CLEAN


def rotated(found: Opened, added: tuple[MasterKey, ...], removed: tuple[MasterKey, ...], context: Context) -> bytes:
    """Return a file under a new data key, for its keys and ``added``, without ``removed``.

    As with sops new keys go to the first group, and old ones are taken from all.

    Raises:
        UsageError: nobody would be left in a group, or a removed key is not there.
        KeyUseError: the data key cannot be wrapped for a key.
    """
    from strongroom.files.sops import data_key, sealing

    groups = [tuple(wrapped.key for wrapped in group) for group in found.metadata.groups]
    groups[:1] = [(*groups[0], *(key for key in dict.fromkeys(added) if key not in groups[0]))]
    present = {key for group in groups for key in group}
    for key in removed:
        if not any(data_key.same(key, one) for one in present):
            raise UsageError(f"{key.name} is not among the keys of the file")
    left = tuple(tuple(_left(group, removed)) for group in groups)
    if not all(left):
        raise UsageError("nobody would be left who can open the file", hint="add a key with the same command")
    new = data_key.new()
    wrapped = data_key.wrap(new, left, found.metadata.shamir_threshold, context)
    return sealing.rotated(found, new, wrapped, context.now())


def _left(group: tuple[MasterKey, ...], removed: tuple[MasterKey, ...]) -> Iterator[MasterKey]:
    from strongroom.files.sops.data_key import same

    return (key for key in group if not any(same(one, key) for one in removed))
