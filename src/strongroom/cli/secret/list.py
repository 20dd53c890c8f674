"""``strongroom secret list``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from strongroom.cli.root import CLEAN, FAILED
from strongroom.cli.secret.opening import Cluster, ask, cluster_options, opener, say, secrets_of
from strongroom.errors import SourceError, StrongroomError, UsageError

if TYPE_CHECKING:
    from strongroom.files.krm_open import Open
    from strongroom.files.sealed.secrets import PlainSecret
    from strongroom.kube.client import Client
    from strongroom.model.plaintext import Plaintext

_MARK = b"ENC[AES256_GCM,"
_SUFFIXES = (".yaml", ".yml", ".json")


@click.command("list")
@click.argument("paths", nargs=-1, metavar="[FILE|FOLDER]...")
@click.option("--cluster", "live", is_flag=True, help="Those of the cluster of the current context.")
@click.option("-n", "--namespace", default="", metavar="NAME", help="Which namespace of the cluster.")
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", help="How it is written.")
@click.option("--fingerprint-key", type=click.Path(dir_okay=False), help="File with the key for fingerprints.")
@cluster_options
def command(
    paths: tuple[str, ...],
    live: bool,
    namespace: str,
    shape: str,
    fingerprint_key: str | None,
    context: str,
    kubeconfig: str | None,
    as_user: str | None,
    as_group: tuple[str, ...],
) -> int:
    """List the keys of Secrets with size and fingerprint; values are not shown.

    Of encrypted files, by default those below the current folder; with --cluster or
    --context of a namespace of a cluster. Equal fingerprints are equal values. Files
    of a folder that cannot be opened are told, and the rest is listed.
    """
    from strongroom.crypto.memory import guard
    from strongroom.survey import fingerprint_key as keys

    guard()
    failures: list[str] = []
    if live or context:
        if paths:
            raise UsageError("files and a cluster are not listed together", hint="leave one of them away")
        cluster = Cluster(context, kubeconfig, as_user, as_group, namespace)
        found = list(_of_cluster(cluster))
    else:
        found = list(_of_files(paths or (".",), failures))
    rows = _rows(found, keys.load_passing(fingerprint_key))
    if shape == "json":
        click.echo(json.dumps(rows, indent=2))
    else:
        _print(rows)
    for failure in failures:
        say(f"error: {failure}")
    return FAILED if failures else CLEAN


def _of_cluster(cluster: Cluster) -> Iterator[tuple[str, PlainSecret]]:
    from strongroom.kube import secret_writer

    async def question(client: Client, namespace: str) -> Plaintext:
        return await secret_writer.read_all(client, namespace)

    for secret in secrets_of(ask(cluster, question), "the cluster"):
        yield "cluster", secret


def _of_files(paths: tuple[str, ...], failures: list[str]) -> Iterator[tuple[str, PlainSecret]]:
    """Yield the Secrets of files and folders; what cannot be opened in a folder is told, and the rest goes on."""
    from strongroom.files.krm_open import is_encrypted, objects, read_file

    open_ = opener()
    for path in paths:
        if Path(path).is_file():
            data = read_file(Path(path))
            if not any(map(is_encrypted, objects(data, path))):
                raise SourceError(f"{path} is not encrypted", hint="strongroom file encrypt")
            yield from ((path, secret) for secret in secrets_of(open_(data, path, True), path))
            continue
        for name, file in _files(path):
            try:
                yield from ((name, secret) for secret in _encrypted_secrets(read_file(file), name, open_))
            except StrongroomError as error:
                failures.append(f"{name}: {error.message}")


def _encrypted_secrets(data: bytes, name: str, open_: Open) -> list[PlainSecret]:
    """Return the Secrets of a file of a folder, where it is an encrypted one."""
    from strongroom.files.krm_open import is_encrypted, objects

    if _MARK not in data:
        return []
    bodies = [body for body in objects(data, name) if is_encrypted(body)]
    return secrets_of(open_(data, name, True), name) if any(body.get("kind") == "Secret" for body in bodies) else []


def _files(path: str) -> Iterator[tuple[str, Path]]:
    from strongroom.sources.tree import walk

    if not Path(path).is_dir():
        raise SourceError(f"{path} does not exist")
    for name, file in walk(Path(path), "" if path == "." else path.rstrip("/"), gitignore=True).files:
        if file.suffix in _SUFFIXES and file.name not in (".sops.yaml", ".sops.yml"):
            yield name, file


def _rows(found: list[tuple[str, PlainSecret]], key: bytes) -> list[dict[str, Any]]:
    from strongroom.model.plaintext import short

    return [
        {
            "source": source,
            "namespace": secret.namespace,
            "name": secret.name,
            "type": secret.type or "Opaque",
            "keys": [
                {"key": name, "bytes": len(value.reveal()), "fingerprint": short(value.fingerprint(key))}
                for name, value in sorted(secret.values.items())
            ],
        }
        for source, secret in found
    ]


def _print(rows: list[dict[str, Any]]) -> None:
    from strongroom.report.sanitise import line

    if not rows:
        click.echo("no encrypted Secrets", err=True)
    for row in rows:
        name = f"{row['namespace']}/{row['name']}" if row["namespace"] else row["name"]
        where = "" if row["source"] == "cluster" else f"  {row['source']}"
        click.echo(line(f"{name}  {row['type']}{where}"))
        width = max((len(entry["key"]) for entry in row["keys"]), default=0)
        for entry in row["keys"]:
            click.echo(line(f"  {entry['key']:<{width}}  {entry['bytes']:>7} bytes  {entry['fingerprint']}"))
