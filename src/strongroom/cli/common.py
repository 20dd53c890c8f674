"""What several commands share: options, progress, writing reports."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from strongroom.errors import UsageError
from strongroom.report.terminal import Terminal
from strongroom.writing import replace_file

if TYPE_CHECKING:
    from strongroom.report.formats import Format
    from strongroom.survey.run import Request

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Report = TypeVar("_Report")
_REFRESH_SECONDS = 0.1

OUTPUT = click.option(
    "-o", "--output", multiple=True, metavar="FILE", help="Write it; the suffix tells the format. Repeatable."
)
KUBECONFIG = click.option("--kubeconfig", type=click.Path(dir_okay=False), help="File that says where clusters are.")
CONTEXT_OPTIONS = (
    click.option("--context", default="", metavar="NAME", help="The cluster: a context of the kubeconfig."),
    KUBECONFIG,
)
"""Which cluster is meant."""

AS_OPTIONS = (
    click.option("--as", "as_user", metavar="USER", help="Ask the cluster as somebody else."),
    click.option("--as-group", multiple=True, metavar="GROUP", help="Ask as a member of this group too. Repeatable."),
)
"""As whom a cluster is asked."""

CLUSTER_OPTIONS = (
    click.option(
        "-n", "--namespace", multiple=True, metavar="NAME", help="Of a cluster, only this namespace. Repeatable."
    ),
    KUBECONFIG,
    *AS_OPTIONS,
)
"""Which part of a cluster is read, and as whom."""

ETCD_OPTIONS = (
    click.option(
        "--etcd-cacert", type=click.Path(dir_okay=False), help="CA certificate of etcd.  [env: ETCDCTL_CACERT]"
    ),
    click.option(
        "--etcd-cert", type=click.Path(dir_okay=False), help="Client certificate for etcd.  [env: ETCDCTL_CERT]"
    ),
    click.option(
        "--etcd-key", type=click.Path(dir_okay=False), help="Private key of that certificate.  [env: ETCDCTL_KEY]"
    ),
)
"""The files of the connection to etcd, as etcdctl takes them."""


def together(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """Return what adds options in this order."""

    def add(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def source_options(command: _Command) -> _Command:
    """Add what every command that reads sources takes."""
    return click.argument("sources", nargs=-1, metavar="[SOURCE]...")(reading_options(command))


def reading_options(command: _Command) -> _Command:
    """Add how sources are read."""
    options = (
        click.option("--no-gitignore", is_flag=True, help="Read files that .gitignore leaves out too."),
        click.option("--no-render", is_flag=True, help="Do not run kustomize, kubectl or helm; read plain files."),
        *CLUSTER_OPTIONS,
        click.option("--no-metadata", is_flag=True, help="Of live Secrets, read neither values nor metadata."),
        click.option("--values", is_flag=True, help="Read the values of live Secrets; only fingerprints are kept."),
        *ETCD_OPTIONS,
        click.option(
            "--max-file-size",
            type=click.IntRange(1, 4096),
            default=32,
            show_default=True,
            metavar="MIB",
            help="Do not read larger files.",
        ),
        click.option(
            "--config", type=click.Path(dir_okay=False), help="strongroom.toml to use instead of the nearest."
        ),
        click.option("--fingerprint-key", type=click.Path(dir_okay=False), help="File with the key for fingerprints."),
        click.option("-v", "--verbose", is_flag=True, help="List everything that is otherwise summed up."),
        click.option("-q", "--quiet", is_flag=True, help="Print nothing; write --output files and the exit code."),
        click.option("--color/--no-color", default=None, help="Colours; by default where a person looks."),
    )
    return together(*options)(command)


def request(
    sources: tuple[str, ...],
    *,
    no_gitignore: bool,
    no_render: bool,
    config: str | None,
    fingerprint_key: str | None,
    max_file_size: int = 32,
    progress: Callable[[str], None],
    namespace: tuple[str, ...] = (),
    kubeconfig: str | None = None,
    as_user: str | None = None,
    as_group: tuple[str, ...] = (),
    no_metadata: bool = False,
    values: bool = False,
    etcd_cacert: str | None = None,
    etcd_cert: str | None = None,
    etcd_key: str | None = None,
    **more: Any,
) -> Request:
    """Make the request of a run from its options; the current folder where no source is named."""
    import msgspec

    from strongroom.documents.limits import DEFAULT
    from strongroom.posture.checks import CHECKS
    from strongroom.sources.cluster_options import ClusterOptions, is_cluster
    from strongroom.sources.etcd_options import EtcdOptions
    from strongroom.survey import fingerprint_key as keys
    from strongroom.survey import settings
    from strongroom.survey.run import Request

    known = frozenset(check.id for check in CHECKS)
    if config is not None and not Path(config).is_file():
        raise UsageError(f"configuration {config} does not exist")
    file = Path(config) if config is not None else settings.find(Path.cwd())
    clusters = any(is_cluster(source) for source in sources)
    if not clusters and (namespace or kubeconfig or as_user or as_group or no_metadata or values):
        raise UsageError("options of a cluster without a cluster", hint="name it: cluster or cluster:CONTEXT")
    if values and clusters:
        click.echo("reading the values of Secrets: they are turned into keyed fingerprints, and not kept", err=True)
    return Request(
        sources=sources or (".",),
        key=keys.load(fingerprint_key),
        settings=settings.load(file, known),
        gitignore=not no_gitignore,
        etcd=EtcdOptions.given(etcd_cacert, etcd_cert, etcd_key, os.environ),
        render=not no_render,
        limits=msgspec.structs.replace(DEFAULT, max_bytes=max_file_size << 20),
        cluster=ClusterOptions(kubeconfig, namespace, as_user or "", as_group, not no_metadata, values),
        progress=progress,
        **more,
    )


def terminal(*, color: bool | None, verbose: bool, strict: bool = False) -> Terminal:
    """Describe standard output (https://no-color.org for ``NO_COLOR``)."""
    person = sys.stdout.isatty()
    colour = (
        color if color is not None else person and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )
    width = shutil.get_terminal_size((80, 24)).columns if person else 80
    unicode = (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
    return Terminal(width=width, colour=colour, unicode=unicode, verbose=verbose, strict=strict)


@contextlib.contextmanager
def progress(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Yield a function that shows on one line what is being done; it shows nothing where no person looks."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    shown_at = 0.0

    def show(text: str) -> None:
        nonlocal shown_at
        now = time.monotonic()
        if now - shown_at >= _REFRESH_SECONDS:
            shown_at = now
            width = shutil.get_terminal_size((80, 24)).columns - 1
            clean = "".join(c if c.isprintable() else "?" for c in text)
            sys.stderr.write(f"\r\x1b[2K{clean[-width:]}")
            sys.stderr.flush()

    try:
        yield show
    finally:
        sys.stderr.write("\r\x1b[2K")
        sys.stderr.flush()


def outputs(paths: tuple[str, ...], formats: tuple[Format[_Report], ...]) -> list[tuple[Path, Format[_Report]]]:
    """Pair the files of ``--output`` with the formats that their names ask for.

    Raises:
        UsageError: a name asks for no format.
    """
    from strongroom.report.formats import by_suffix

    pairs = []
    for path in paths:
        found = by_suffix(path, formats)
        if found is None:
            suffixes = ", ".join(suffix for one in formats for suffix in one.suffixes)
            raise UsageError(f"--output {path} has no suffix of a known format", hint=f"one of {suffixes}")
        pairs.append((Path(path), found))
    return pairs


def write(
    report: _Report, files: list[tuple[Path, Format[_Report]]], shown: Format[_Report] | None, where: Terminal
) -> None:
    """Write a report to files and to standard output.

    Raises:
        OutputError: a file cannot be written; what stood there before is kept.
    """
    for path, chosen in files:
        replace_file(path, chosen.render(report, Terminal(verbose=True)))
    if shown is not None:
        for piece in shown.render(report, where):
            sys.stdout.write(piece)
        sys.stdout.flush()
