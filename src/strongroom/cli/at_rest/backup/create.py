"""``strongroom at-rest backup create``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from strongroom.cli.at_rest.backup.options import (
    counted,
    key_context,
    key_options,
    recipients,
    say,
)
from strongroom.cli.common import CONTEXT_OPTIONS, ETCD_OPTIONS, progress, together
from strongroom.cli.root import CLEAN
from strongroom.errors import UsageError

if TYPE_CHECKING:
    from strongroom.keys.key import Context
    from strongroom.survey.at_rest.backup import Recipients


@click.command("create")
@click.option("-o", "--output", required=True, metavar="FILE", help="The backup; - for standard output.")
@click.option("--replace", is_flag=True, help="Write over a file that is there.")
@key_options
@click.option("-n", "--namespace", multiple=True, metavar="NAME", help="Only of this namespace. Repeatable.")
@click.option("-l", "--selector", default="", metavar="LABELS", help="Only with these labels, as kubectl takes them.")
@click.option(
    "--with-encryption-keys",
    "files",
    multiple=True,
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Also keep this EncryptionConfiguration. Repeatable.",
)
@click.option("--etcd", default="", metavar="URL", help="Back up a whole etcd instead, as a snapshot.")
@together(*ETCD_OPTIONS, *CONTEXT_OPTIONS)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing of what is done.")
def command(output: str, replace: bool, etcd: str, quiet: bool, **options: Any) -> int:
    """Back up Secrets with their metadata into one encrypted file.

    All of the cluster, or those of namespaces (-n) or with labels (-l). With
    --etcd a whole etcd, as a snapshot that is never on the disk in plain.

    The file can be opened with any of the keys that are named; a rule of
    .sops.yaml may ask for keys of several groups.
    """
    from strongroom.writing import replace_file

    if output != "-" and not replace and os.path.lexists(output):
        raise UsageError(f"{output} is there already", hint="--replace writes over it")
    context = key_context()
    wanted = recipients(output, options)
    with progress(quiet=quiet) as show:
        numbers: dict[str, int] = {}
        source = _of_etcd if etcd else _of_secrets
        pieces = _counting(source(etcd, wanted, context, options, show, numbers), numbers)
        if output == "-":
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
        else:
            replace_file(Path(output), pieces, mode=0o600, what="backup")
    if not quiet:
        what = "an etcd snapshot" if etcd else counted(numbers.get("secrets", 0), "Secret")
        say(f"backed up {what} in {numbers['bytes']:,} bytes{'' if output == '-' else f': {output}'}")
    return CLEAN


def _of_secrets(
    etcd: str,  # noqa: ARG001 - one signature for both sources
    wanted: Recipients,
    context: Context,
    options: dict[str, Any],
    show: Callable[[str], None],
    numbers: dict[str, int],
) -> Iterator[bytes]:
    from strongroom.atrest.backup_secrets import is_name
    from strongroom.kube.connection import Asked
    from strongroom.survey.at_rest.backup import Scope, kept_file, of_secrets

    if options["etcd_cacert"] or options["etcd_cert"] or options["etcd_key"]:
        raise UsageError("the files of etcd's connection go only with --etcd")
    namespaces = tuple(dict.fromkeys(options["namespace"]))
    if not all(map(is_name, namespaces)):
        raise UsageError("-n names no namespace", hint="is a variable of the shell empty?")
    scope = Scope(Asked(options["context"], options["kubeconfig"]), namespaces, options["selector"])
    files = [kept_file(Path(name)) for name in options["files"]]

    def told(count: int) -> None:
        numbers["secrets"] = count
        show(counted(count, "Secret"))

    def empty(namespace: str) -> None:
        say(f"note: namespace {namespace} has no such Secret; is the name right?")

    return of_secrets(scope, files, wanted, context, told, empty)


def _of_etcd(
    etcd: str,
    wanted: Recipients,
    context: Context,
    options: dict[str, Any],
    show: Callable[[str], None],
    numbers: dict[str, int],  # noqa: ARG001 - one signature for both sources
) -> Iterator[bytes]:
    from strongroom.sources.etcd_options import EtcdOptions
    from strongroom.survey.at_rest.backup import of_etcd

    for name in ("namespace", "selector", "files", "context", "kubeconfig"):
        if options[name]:
            raise UsageError("an etcd is backed up whole", hint="--etcd goes without what chooses Secrets of a cluster")
    files = EtcdOptions.given(options["etcd_cacert"], options["etcd_cert"], options["etcd_key"], os.environ)
    show("etcd")
    return of_etcd(etcd, files, wanted, context)


def _counting(pieces: Iterator[bytes], numbers: dict[str, int]) -> Iterator[bytes]:
    numbers["bytes"] = 0
    for piece in pieces:
        numbers["bytes"] += len(piece)
        yield piece
