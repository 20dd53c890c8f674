"""``strongroom seal recover``: open SealedSecrets with exported keys."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from strongroom.cli.root import CLEAN, FINDINGS
from strongroom.cli.seal.options import keys_option, private_keys, read_input, say
from strongroom.errors import UsageError

_ONLY_OWNER = 0o600


@click.command("recover")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@keys_option
@click.option("-o", "--output", metavar="FILE", help="Where the plain Secrets go; - for standard output.")
@click.option("--format", "shape", type=click.Choice(["yaml", "json"]), help="By default as -o is named, else yaml.")
@click.option("--reveal", is_flag=True, help="Show them on a terminal too.")
def command(file: str, exported: tuple[str, ...], output: str | None, shape: str | None, reveal: bool) -> int:
    """Open SealedSecrets with exported keys: for the day when the cluster is gone.

    The result are plain Secrets, so it goes nowhere that is not named. A file is
    made readable for its owner only. Exit codes: 0 done, 1 done except for
    templates that only the controller can fill in, 2 it could not be done.
    """
    from strongroom.crypto.memory import guard
    from strongroom.files.sealed.emit import as_json, written
    from strongroom.files.sealed.opening import recovered
    from strongroom.files.sealed.sealed import read_sealed
    from strongroom.writing import replace_file

    guard()
    if output is None:
        raise UsageError("nothing says where the plain Secrets go", hint="-o FILE, or -o - for standard output")
    if output == "-" and sys.stdout.isatty() and not reveal:
        raise UsageError("a terminal would show the values", hint="--reveal shows them, -o FILE writes them")
    if not exported:
        raise UsageError("nothing to open them with", hint="--recovery-private-key FILE")
    found = read_sealed(read_input(file).reveal(), file)
    if not found:
        raise UsageError(f"{file} holds no SealedSecret")
    keys = private_keys(exported)
    secrets = [recovered(sealed, keys) for sealed in found]
    shape = shape or ("json" if output.lower().endswith(".json") else "yaml")
    if shape == "json" and len(secrets) > 1:
        text = as_json({"apiVersion": "v1", "kind": "List", "items": [one.body for one in secrets]})
    else:
        text = "".join(written(one.body, shape) for one in secrets)
    if output == "-":
        click.echo(text, nl=False)
    else:
        replace_file(Path(output), [text], mode=_ONLY_OWNER, what="recovered file")
    left = [(sealed, key) for sealed, one in zip(found, secrets, strict=True) for key in one.left]
    for sealed, key in left:
        say(f"{sealed.show()}: {key} is left out, its template needs the controller")
    return FINDINGS if left else CLEAN
