"""``strongroom file encrypt``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from strongroom.cli.file import options, several, tree
from strongroom.cli.file.tree import tree_options
from strongroom.cli.root import CLEAN
from strongroom.errors import UsageError

if TYPE_CHECKING:
    from strongroom.files.sops.document import Document
    from strongroom.files.sops.rule import Rule
    from strongroom.keys.key import Context


@click.command("encrypt")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@options.in_place
@options.output
@several.output_dir
@options.input_type
@options.output_type
@options.filename_override
@options.config
@options.key_options
@click.option("-r", "--recursive", is_flag=True, help="Files below folders that should be encrypted, in place.")
@tree_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    files: tuple[str, ...],
    in_place: bool,
    output: str | None,
    output_dir: str | None,
    input_type: str | None,
    output_type: str | None,
    filename_override: str | None,
    config: str | None,
    recursive: bool,
    **more: Any,
) -> int:
    """Encrypt a file, by the rule of .sops.yaml that holds for it.

    The result goes to standard output, or with -i over the file. Without FILE,
    standard input is read; --filename-override says then as what.

    Without a rule, only data and stringData of Kubernetes Secrets are encrypted, of
    other files everything but what stands under keys that end with _unencrypted.

    Several files go over themselves (-i), or into a folder (--output-dir).

    With -r FILE may be several files and folders: what a rule singles out, and
    Kubernetes Secrets in plain, is shown, asked about and encrypted in place.
    """
    options.check_tree_options(ctx, recursive=recursive)
    if recursive:
        return tree.recursive(files or (".",), "encrypt", config, options.how(more))

    rule, context = options.asked_rules(config, more), options.key_context()

    def sealed(file: str | None) -> tuple[options.Input, bytes]:
        given = options.read_input(file, input_type, filename_override)
        given = options.converted(given, output_type, filename_override)
        return given, encrypted(given, rule(given), context)

    if several.wanted(files, in_place=in_place, output=output, output_dir=output_dir):
        if filename_override:
            raise UsageError("--filename-override is for one file")
        return several.each(files, sealed, output_dir, private=False)
    file = files[0] if files else None
    options.check_places(file, in_place=in_place, output=output)
    if file in {None, "-"} and not filename_override:
        raise UsageError(
            "standard input has no name", hint="--filename-override NAME says by which rule and as what it is encrypted"
        )
    given, data = sealed(file)
    options.write(data, given, in_place=in_place, output=output)
    return CLEAN


def encrypted(given: options.Input, rule: Rule, context: Context) -> bytes:
    """Return a file encrypted for the first time.

    Raises:
        UsageError: nothing of it would be.
        DocumentError: it cannot be read, or is encrypted already.
        KeyUseError: a key could not be used.
    """
    from strongroom.files.sops import data_key
    from strongroom.files.sops.sealing import encrypt, read_plain

    # Before any key is used: what is wrong with the file shows here.
    document = read_plain(given.data, given.format)
    if document.leaves and not _chooses(rule, document):
        raise UsageError(
            f"the rule for {given.name} chooses nothing in it, and nothing would be encrypted",
            hint="another rule of .sops.yaml, or --encrypted-regex, chooses what is",
        )
    key = data_key.new()
    groups = data_key.wrap(key, rule.groups, rule.shamir_threshold, context)
    return encrypt(document, given.format, rule, key, groups, context.now())


def _chooses(rule: Rule, document: Document) -> bool:
    from strongroom.files.sops.selection import chosen, effective

    selection = effective(rule.selection)
    return any(chosen(selection, leaf) for leaf in document.leaves if leaf.scalar.type != "comment")
