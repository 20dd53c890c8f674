"""Options that several commands of ``at-rest`` share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])

ETCD_OPTIONS = (
    click.option("--etcd-cacert", type=click.Path(dir_okay=False), help="The CA of etcd.  [env: ETCDCTL_CACERT]"),
    click.option("--etcd-cert", type=click.Path(dir_okay=False), help="A client of etcd.  [env: ETCDCTL_CERT]"),
    click.option("--etcd-key", type=click.Path(dir_okay=False), help="The key of it.  [env: ETCDCTL_KEY]"),
)
"""The files of the connection to etcd, as etcdctl takes them."""

SERVER_OPTIONS = (
    click.option(
        "--api-server", multiple=True, metavar="URL", help="An API server's own address; again for each of them."
    ),
    click.option("--context", default="", help="Context of the kubeconfig; by default the current one."),
    click.option("--kubeconfig", type=click.Path(dir_okay=False), help="File that says where clusters are."),
)
"""Which API servers are asked, and with whose credential."""

OUTPUT_OPTIONS = (
    click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", show_default=True),
    click.option(
        "-o", "--output", multiple=True, metavar="FILE", help="Write a report: FILE.txt or FILE.json. Repeatable."
    ),
    click.option("-v", "--verbose", is_flag=True, help="Name everything that is otherwise summed up."),
    click.option("-q", "--quiet", is_flag=True, help="Print nothing; write --output files and the exit code."),
    click.option("--color/--no-color", default=None, help="Colours; by default where a person looks."),
)
"""How the report is written."""


def fact_options(command: _Command) -> _Command:
    """Add what commands take that look at encryption at rest and change nothing."""
    config = click.option(
        "--config",
        default="",
        metavar="FILE",
        help="The EncryptionConfiguration, unless the sources have it.",
    )
    for option in reversed((config, *SERVER_OPTIONS, *ETCD_OPTIONS, *OUTPUT_OPTIONS)):
        command = option(command)
    return click.argument("sources", nargs=-1, metavar="[SOURCE]...")(command)
