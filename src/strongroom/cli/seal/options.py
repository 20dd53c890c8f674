"""What the subcommands of ``strongroom seal`` share: where certificates, controllers and exported keys come from."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import click

from strongroom.cli.common import CONTEXT_OPTIONS, together
from strongroom.errors import KeyUseError, KubeconfigError, SourceError, UsageError

if TYPE_CHECKING:
    from strongroom.files.sealed.certificate import Bundle, Certificate
    from strongroom.files.sealed.controller import Controller
    from strongroom.files.sealed.known import Known
    from strongroom.files.sealed.private_keys import SealingKey
    from strongroom.model.plaintext import Plaintext

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Answer = TypeVar("_Answer")
_MOST_BYTES = 1 << 20
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_SECONDS = 30


class Cluster(NamedTuple):
    """Where the controller is; the names of the options."""

    kubeconfig: str | None
    context: str
    controller_namespace: str
    controller_name: str


def controller_options(command: _Command) -> _Command:
    """Add where the controller is; the environment variables are those of ``kubeseal``."""
    return together(
        *CONTEXT_OPTIONS,
        click.option(
            "--controller-namespace",
            default="kube-system",
            show_default=True,
            envvar="SEALED_SECRETS_CONTROLLER_NAMESPACE",
            metavar="NAME",
            help="Where the controller runs.",
        ),
        click.option(
            "--controller-name",
            default="sealed-secrets-controller",
            show_default=True,
            envvar="SEALED_SECRETS_CONTROLLER_NAME",
            metavar="NAME",
            help="Its Service.",
        ),
    )(command)


def certificate_option(command: _Command) -> _Command:
    """Add the certificate to seal with."""
    return click.option(
        "--cert",
        envvar="SEALED_SECRETS_CERT",
        metavar="FILE|URL",
        help="Certificate to seal with; by default the cluster is asked.",
    )(command)


def keys_option(command: _Command) -> _Command:
    """Add exported sealing keys."""
    return click.option(
        "--recovery-private-key",
        "exported",
        multiple=True,
        type=click.Path(dir_okay=False, allow_dash=True),
        metavar="FILE",
        help="Exported sealing key: PEM, or the controller's Secrets. Repeatable.",
    )(command)


def cluster_of(options: dict[str, Any]) -> Cluster:
    """Take what `controller_options` added out of the options of a command."""
    return Cluster(*(options.pop(name) for name in Cluster._fields))


def with_controller(cluster: Cluster, ask: Callable[[Controller], Awaitable[_Answer]]) -> _Answer:
    """Open a session with a cluster, and ask its controller.

    Raises:
        ClusterError: there is no cluster, or its controller does not answer.
    """
    import asyncio

    from strongroom.files.sealed.controller import Controller
    from strongroom.kube.client import Client
    from strongroom.kube.connection import Asked, connect

    async def run() -> _Answer:
        connection = connect(Asked(cluster.context, cluster.kubeconfig))
        async with Client(connection) as client:
            return await ask(Controller(client, cluster.controller_namespace, cluster.controller_name))

    return asyncio.run(run())


def bundle(cert: str | None, cluster: Cluster) -> tuple[Bundle, str]:
    """Read the certificates from a file, a URL, or the cluster; return them and what names their source.

    Raises:
        KeyUseError: there is none that can be used.
        SourceError, ClusterError: the source cannot be read.
    """
    from strongroom.files.sealed.certificate import read

    if cert is None:
        what = f"the certificate of controller {cluster.controller_namespace}/{cluster.controller_name}"
        try:
            data = with_controller(cluster, lambda controller: controller.certificate())
        except KubeconfigError as error:
            if error.message == "there is no kubeconfig":
                error.hint = "--cert FILE names a certificate; --kubeconfig FILE says where a cluster is to be asked"
            raise
        return read(data, what), what
    what = f"certificate {cert}"
    return read(_fetched(cert, what), what), what


def certificate(cert: str | None, cluster: Cluster) -> Certificate:
    """Return the certificate to seal with; say so where it expires soon, or is not the first of its bundle.

    Raises:
        KeyUseError, SourceError, ClusterError: as `bundle`, or none is valid any more.
    """
    from strongroom.files.sealed.certificate import chosen

    found, what = bundle(cert, cluster)
    now = datetime.now(UTC)
    best = chosen(found, now, what)
    if best != found.certificates[0]:
        say(
            f"of {len(found.certificates)} certificates the newest is taken, {best.fingerprint}; kubeseal takes the "
            "first"
        )
    if best.expires_soon(now):
        say(f"{what} expires on {best.until.date()}; strongroom seal certificate -o FILE fetches the current one")
    return best


def private_keys(paths: tuple[str, ...]) -> dict[str, SealingKey]:
    """Read exported sealing keys, by their fingerprints, the newest first.

    Raises:
        KeyUseError, SourceError: one cannot be read.
    """
    from strongroom.files.sealed import private_keys

    return private_keys.together(private_keys.read(read_input(path), path) for path in paths)


def read_input(path: str) -> Plaintext:
    """Read a file, or standard input for ``-``.

    Raises:
        SourceError: it cannot be read.
    """
    from strongroom.model.plaintext import Plaintext

    if path == "-":
        return Plaintext(sys.stdin.buffer.read())
    try:
        return Plaintext(Path(path).read_bytes())
    except OSError as error:
        raise SourceError(f"{path} cannot be read", hint=(error.strerror or "").lower()) from None


def known(fingerprint_key: str | None) -> Known:
    """Return what this installation remembers of what it sealed."""
    from strongroom.files.sealed.known import FILE, Known
    from strongroom.survey import fingerprint_key as keys

    key = keys.load_passing(fingerprint_key)
    return Known(keys.state_folder() / FILE, key)


def remember(remembered: Known) -> None:
    """Write it; where that fails the work is done all the same."""
    from strongroom.errors import OutputError

    try:
        remembered.save()
    except OutputError as error:
        say(f"what was sealed is not remembered: {error.message}")


def say(text: str) -> None:
    """Tell a person something beside the output."""
    from strongroom.report.sanitise import line

    click.echo(line(text), err=True)


def files_of(paths: tuple[str, ...], *, gitignore: bool = True) -> Iterator[tuple[str, Path]]:
    """Yield the files that may hold SealedSecrets, each as people see it and where it lies; folders are walked.

    Raises:
        SourceError: a path does not exist.
    """
    from strongroom.sources.tree import walk

    for path in paths:
        place = Path(path)
        if place.is_dir():
            shown = "" if path == "." else path.rstrip("/")
            for name, file in walk(place, shown, gitignore=gitignore).files:
                if file.suffix.lower() in (".yaml", ".yml", ".json"):
                    yield name, file
        elif place.is_file():
            yield path, place
        else:
            raise SourceError(f"{path} does not exist")


def _fetched(cert: str, what: str) -> bytes:
    parts = urlsplit(cert)
    if parts.scheme == "file":
        from urllib.parse import unquote

        cert, parts = unquote(parts.path), urlsplit("")
    if len(parts.scheme) < 2:  # a letter alone is a drive
        return read_input(cert).reveal()
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise UsageError(
            f"{what} would come over a connection that anybody on the way can change",
            hint="whoever changes it reads what you seal; use https, or fetch it and compare its fingerprint",
        )
    if parts.scheme not in ("http", "https"):
        raise UsageError(f"{what} is neither a file nor a URL that can be fetched", hint="FILE, https://, file://")
    import asyncio

    return asyncio.run(_download(cert, what))


async def _download(url: str, what: str) -> bytes:
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise SourceError(f"{what} cannot be fetched", hint=f"the server answers {response.status}")
            data = await response.content.read(_MOST_BYTES + 1)
            while len(data) <= _MOST_BYTES and (more := await response.content.read(_MOST_BYTES)):
                data += more
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise SourceError(f"{what} cannot be fetched", hint=type(error).__name__) from None
    if len(data) > _MOST_BYTES:
        raise KeyUseError(f"{what} is larger than a certificate can be")
    return data
