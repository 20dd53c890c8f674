"""``strongroom access who-can``: direct RBAC, exactly."""

from __future__ import annotations

from typing import Any

import click

from strongroom.cli.common import OUTPUT, outputs, progress, request, source_options, terminal, write
from strongroom.cli.root import CLEAN
from strongroom.report.formats import WHO_CAN_FORMATS, by_id


@click.command("who-can")
@click.argument("verb")
@click.argument("what", metavar="RESOURCE[/NAME]")
@source_options
@click.option("-A", "--all-namespaces", is_flag=True, help="Ask about every namespace; so it is without -n.")
@click.option("--subresource", metavar="NAME", default="", help="Ask about it: exec, token, scale.")
@click.option("--groups", type=click.Path(dir_okay=False), help="Who is in which group: CSV, JSON or LDIF.")
@click.option(
    "--format", "shape", type=click.Choice([f.id for f in WHO_CAN_FORMATS]), default="text", show_default=True
)
@OUTPUT
def who_can(
    verb: str,
    what: str,
    sources: tuple[str, ...],
    namespace: tuple[str, ...],
    all_namespaces: bool,
    subresource: str,
    groups: str | None,
    shape: str,
    output: tuple[str, ...],
    verbose: bool,
    quiet: bool,
    color: bool | None,
    **reading: Any,
) -> int:
    """Say who may do something, and by which binding, role and rule.

    RESOURCE is a type as kubectl takes it: secrets, deploy, pods/exec, certificates.cert-manager.io, or a path such as
    /metrics. --namespace asks about one namespace; all sources are read.
    """
    from strongroom.documents.collector import paused
    from strongroom.survey.access import groups_in
    from strongroom.survey.who_can import Words, answer

    files = outputs(output, WHO_CAN_FORMATS)
    words = Words(verb, what, () if all_namespaces else namespace, subresource)
    with progress(quiet=quiet) as show, paused():  # to search what was read for cycles takes longer than the answer
        report = answer(request(sources, progress=show, **reading), words, groups_in(groups))
    write(report, files, None if quiet else by_id(shape, WHO_CAN_FORMATS), terminal(color=color, verbose=verbose))
    return CLEAN


def _say_what_namespaces_mean_here() -> None:
    """Other commands read less of a cluster with ``--namespace``; this one asks about it."""
    for parameter in who_can.params:
        if isinstance(parameter, click.Option) and parameter.name == "namespace":
            parameter.help = "Ask about this namespace. Repeatable."


_say_what_namespaces_mean_here()
