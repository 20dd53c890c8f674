"""``strongroom secret get``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from strongroom.cli.root import CLEAN
from strongroom.cli.secret.opening import Cluster, ask, cluster_options, opened, secrets_of
from strongroom.errors import UsageError

if TYPE_CHECKING:
    from strongroom.files.sealed.secrets import PlainSecret
    from strongroom.kube.client import Client
    from strongroom.model.plaintext import Plaintext


@click.command("get")
@click.argument("name", metavar="FILE|NAME")
@click.argument("key")
@click.option("--reveal", is_flag=True, help="Print the value itself.")
@click.option("-o", "--output", metavar="FILE", help="Write the value to a file that only you can read.")
@click.option("--name", "secret_name", default="", metavar="NAME", help="Which Secret, where a file holds several.")
@click.option("--cluster", "live", is_flag=True, help="NAME is a Secret of the cluster of the current context.")
@click.option("-n", "--namespace", default="", metavar="NAME", help="Its namespace in the cluster.")
@click.option("--fingerprint-key", type=click.Path(dir_okay=False), help="File with the key for fingerprints.")
@cluster_options
def command(
    name: str,
    key: str,
    reveal: bool,
    output: str | None,
    secret_name: str,
    live: bool,
    namespace: str,
    fingerprint_key: str | None,
    context: str,
    kubeconfig: str | None,
    as_user: str | None,
    as_group: tuple[str, ...],
) -> int:
    """Show one value of a Secret: its size and fingerprint, or with --reveal itself.

    From an encrypted FILE, or with --cluster or --context from a cluster.
    """
    from strongroom.crypto.memory import guard

    guard()
    cluster = Cluster(context, kubeconfig, as_user, as_group, namespace)
    secret = from_cluster(name, cluster) if live or context else from_file(name, secret_name)
    value = value_of(secret, key)
    if output is not None:
        from strongroom.writing import replace_file

        replace_file(Path(output), [value.reveal()], mode=0o600)
    elif reveal:
        sys.stdout.buffer.write(value.reveal())
        if sys.stdout.isatty() and not value.reveal().endswith(b"\n"):
            sys.stdout.buffer.write(b"\n")
        sys.stdout.buffer.flush()
    else:
        from strongroom.model.plaintext import short
        from strongroom.survey import fingerprint_key as keys

        mark = short(value.fingerprint(keys.load_passing(fingerprint_key)))
        click.echo(f"{key}: {len(value.reveal())} bytes, {mark}; --reveal prints it")
    return CLEAN


def from_file(file: str, name: str) -> PlainSecret:
    """Return a Secret of an encrypted file: the only one, or that of a name.

    Raises:
        SourceError, KeyUseError, TamperedError: the file cannot be opened.
        UsageError: there is none, or several.
    """
    found = [one for one in secrets_of(opened(file).plain(), file) if name in ("", one.name)]
    if len(found) != 1:
        known = ", ".join(one.name for one in found)
        what = "several Secrets" if found else f"no Secret {name}".rstrip()
        raise UsageError(f"{file} holds {what}", hint=f"--name says which: {known}" if known else "")
    return found[0]


def from_cluster(name: str, cluster: Cluster) -> PlainSecret:
    """Return a Secret of a cluster, with its values.

    Raises:
        UsageError: there is none of that name.
        ClusterError: it could not be asked.
    """
    from strongroom.files.secret.names import check_name
    from strongroom.kube import secret_writer

    check_name(name, ".*")  # it becomes a part of a path, and an empty one would be all Secrets

    async def question(client: Client, namespace: str) -> Plaintext:
        return await secret_writer.read(client, namespace, name)

    return secrets_of(ask(cluster, question), name)[0]


def value_of(secret: PlainSecret, key: str) -> Plaintext:
    """Return the value of a key.

    Raises:
        UsageError: there is no such key; the names of those that are there are the hint.
    """
    if key not in secret.values:
        raise UsageError(f"{secret.show()} has no key {key}", hint=", ".join(sorted(secret.values)) or "it has none")
    return secret.values[key]
