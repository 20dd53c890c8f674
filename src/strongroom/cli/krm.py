"""``strongroom krm``: decrypts what kustomize, Helm, Argo CD and kpt render."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from strongroom.cli.root import CLEAN
from strongroom.errors import UsageError


@click.command("krm")
@click.argument("config", required=False, type=click.Path(), metavar="[FOLDER|FILE]")
@click.option("--recursive", is_flag=True, help="Read sub-folders too, where there is no kustomization.")
@click.option("--require-mac", is_flag=True, help="Of what passes through, refuse what was changed around its values.")
def command(config: str | None, recursive: bool, require_mac: bool) -> int:
    """Decrypt SOPS documents for GitOps; prints them in the clear.

    Without an argument it is a KRM function, or a post-renderer: objects on standard
    input, objects on standard output. With a FOLDER it prints the manifests of it, as
    Argo CD wants it. With a FILE it is a kustomize plugin with that configuration.
    """
    from strongroom.crypto.memory import guard

    guard()
    from strongroom.cli.secret.opening import opener
    from strongroom.files.krm import answer, plugin

    # kustomize starts its functions in the folder of the kustomization.
    open_ = opener()
    if config is None:
        if recursive:
            raise UsageError("--recursive is for a folder", hint="strongroom krm FOLDER --recursive")
        plain = answer(_input(), Path.cwd(), open_, require_mac=require_mac)
    elif Path(config).is_dir():
        from strongroom.files.krm_folder import render

        plain = render(Path(config), open_, os.environ, recursive=recursive, require_mac=require_mac)
    else:
        from strongroom.files.krm_open import read_file

        plain = plugin(read_file(Path(config)), _input(waiting=False), Path.cwd(), open_, require_mac=require_mac)
    sys.stdout.buffer.write(plain.reveal())
    sys.stdout.buffer.flush()
    return CLEAN


def _input(*, waiting: bool = True) -> bytes:
    """Return standard input; nothing where a person would have to type it.

    Raises:
        UsageError: nothing was handed over, where something must be.
    """
    if sys.stdin is None or sys.stdin.isatty():
        if waiting:
            raise UsageError("there is nothing on standard input", hint="kustomize runs this; or name a FOLDER")
        return b""
    return sys.stdin.buffer.read()
