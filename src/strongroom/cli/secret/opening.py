"""How the commands of this folder open encrypted files, and ask a cluster."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from strongroom.cli.common import AS_OPTIONS, CONTEXT_OPTIONS, together
from strongroom.errors import UsageError

if TYPE_CHECKING:
    from strongroom.files.krm_open import Open
    from strongroom.files.sealed.secrets import PlainSecret
    from strongroom.files.sops.opened import Opened
    from strongroom.kube.client import Client
    from strongroom.model.plaintext import Plaintext

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Answer = TypeVar("_Answer")


class Cluster(NamedTuple):
    """Which cluster is meant, and which namespace of it; the names of the options."""

    context: str
    kubeconfig: str | None
    as_user: str | None
    as_group: tuple[str, ...]
    namespace: str


def cluster_options(command: _Command) -> _Command:
    """Add which cluster is meant."""
    return together(*CONTEXT_OPTIONS, *AS_OPTIONS)(command)


def opener() -> Open:
    """Return what opens an encrypted file with the keys that this process finds."""
    from strongroom.cli.file.options import key_context
    from strongroom.files.sops.data_key import unwrap
    from strongroom.files.sops.formats import format_of
    from strongroom.files.sops.opened import open_file

    context = key_context()

    def open_(data: bytes, name: str, check_mac: bool) -> Plaintext:
        return open_file(data, format_of(name), lambda found: unwrap(found, context), check_mac=check_mac).plain()

    return open_


def opened(file: str) -> Opened:
    """Open an encrypted file by its path.

    Raises:
        SourceError, DocumentError, KeyUseError, TamperedError: it cannot be.
    """
    from strongroom.cli.file import options

    return options.opened(options.read_input(file), options.key_context())


def secrets_of(plain: Plaintext, name: str) -> list[PlainSecret]:
    """Return the Secrets of decrypted manifests; other objects beside them are left out.

    Raises:
        DocumentError: it cannot be read.
        UsageError: there is none.
    """
    from strongroom.files.krm_open import objects
    from strongroom.files.sealed.secrets import read_secrets
    from strongroom.files.secret.writing import dump

    kinds = ("Secret", "List", "SecretList")
    found = [body for body in objects(plain.reveal(), name) if body.get("kind") in kinds]
    if not found:
        raise UsageError(f"{name} holds no Secret", hint="strongroom file get reads values of other files")
    return [secret for body in found for secret in read_secrets(dump([body]), name)]


def ask(cluster: Cluster, question: Callable[[Client, str], Awaitable[_Answer]]) -> _Answer:
    """Open a session with a cluster and ask it, with the namespace that is meant.

    Raises:
        ClusterError: there is none, or it does not answer.
    """
    import asyncio

    from strongroom.kube.client import Client
    from strongroom.kube.connection import Asked, connect

    connection = connect(Asked(cluster.context, cluster.kubeconfig, cluster.as_user or "", cluster.as_group))

    async def run() -> _Answer:
        async with Client(connection) as client:
            return await question(client, cluster.namespace or connection.namespace or "default")

    return asyncio.run(run())


def name_pattern(config: str | None) -> str:
    """Return the convention for names that holds here: that of ``strongroom.toml``.

    Raises:
        UsageError: the configuration is not valid.
    """
    from strongroom.posture.checks import CHECKS
    from strongroom.survey import settings

    if config is not None and not Path(config).is_file():
        raise UsageError(f"configuration {config} does not exist")
    file = Path(config) if config is not None else settings.find(Path.cwd())
    return settings.load(file, frozenset(check.id for check in CHECKS)).name_pattern


def say(text: str) -> None:
    """Tell a person something beside the output."""
    from strongroom.report.sanitise import line

    click.echo(line(text), err=True)
