"""Options that several commands of ``at-rest`` share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from strongroom.cli.common import CONTEXT_OPTIONS, ETCD_OPTIONS, together

_Command = TypeVar("_Command", bound=Callable[..., Any])

SERVER_OPTIONS = (
    click.option("--api-server", multiple=True, metavar="URL", help="An API server's own address. Repeatable."),
    *CONTEXT_OPTIONS,
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
    sources = click.argument("sources", nargs=-1, metavar="[SOURCE]...")
    return together(sources, config, *SERVER_OPTIONS, *ETCD_OPTIONS, *OUTPUT_OPTIONS)(command)
