"""The questions of ``strongroom access`` that one set of sources answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from strongroom.cli.common import (
    OUTPUT,
    outputs,
    progress,
    reading_options,
    request,
    source_options,
    terminal,
    together,
    write,
)
from strongroom.cli.root import CLEAN, FINDINGS
from strongroom.report.formats import ACCESS_FORMATS, PICTURES, by_id

if TYPE_CHECKING:
    from strongroom.model.access_report import AccessReport
    from strongroom.survey.access import Known

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Answer = Callable[..., "AccessReport"]
"""Asks: the first argument is True where the steps on the way are wanted too, the rest is what the sources say."""


def answer_options(command: _Command) -> _Command:
    """Add what every question of access takes, beside the sources."""
    options = (
        click.option(
            "--format", "shape", type=click.Choice([f.id for f in ACCESS_FORMATS]), default="text", show_default=True
        ),
        OUTPUT,
        click.option(
            "--groups", type=click.Path(dir_okay=False), help="Who is in which group: CSV, JSON or LDIF, by its suffix."
        ),
        click.option("--conditional", is_flag=True, help="Count steps that work only under a condition."),
        click.option(
            "--copies/--no-copies",
            default=None,
            help="Look for copies of the values of Secrets in other objects; by default in sources that are not large.",
        ),
    )
    return together(*options)(command)


def answered(
    sources: tuple[str, ...],
    ask: _Answer,
    *,
    shape: str,
    output: tuple[str, ...],
    groups: str | None,
    conditional: bool,
    copies: bool | None,
    verbose: bool,
    quiet: bool,
    color: bool | None,
    before: str | None = None,
    bearer: str | None = None,
    **reading: Any,
) -> AccessReport:
    """Read the sources, ask, and write the answer; return it.

    ``before`` is another source, which is given to the question first; ``bearer`` a credential whose holder is asked
    about: the groups that it names are that holder's.
    """
    files = outputs(output, ACCESS_FORMATS)
    pictured = not PICTURES.isdisjoint({shape, *(chosen.id for _, chosen in files)})
    with progress(quiet=quiet) as show:
        from strongroom.documents.collector import paused
        from strongroom.survey.access import groups_in, know, with_bearer

        members = with_bearer(groups_in(groups), bearer)

        def known(*named: str) -> Known:
            return know(request(named, progress=show, **reading), members, conditional=conditional, copies=copies)

        with paused():  # what was read stays, and to search it for cycles takes longer than most answers
            facts = [known(before)] if before is not None else []
            facts.append(known(*sources))
            show("asking")
            report = ask(pictured, *facts)
    write(report, files, None if quiet else by_id(shape, ACCESS_FORMATS), terminal(color=color, verbose=verbose))
    return report


@click.command("exposure")
@click.argument("secret", required=False)
@source_options
@answer_options
def exposure(secret: str | None, sources: tuple[str, ...], **options: Any) -> int:
    """Say per Secret who reaches it, in how many steps, by which means; the most widely reached first.

    SECRET is secret/NAMESPACE/NAME, or before a SOURCE also NAMESPACE/NAME; by default all of them.
    """
    from strongroom.survey import access_answers

    named = secret is not None and (secret.startswith("secret/") or (bool(sources) and not _is_source(secret)))
    asked = secret if named else None
    if secret is not None and asked is None:
        sources = (secret, *sources)
    answered(sources, lambda pictured, known: access_answers.exposure(known, asked, pictured=pictured), **options)
    return CLEAN


def _is_source(text: str) -> bool:
    return text.count("/") != 1 or ":" in text or Path(text).exists()


@click.command("reach")
@click.argument("identity")
@source_options
@answer_options
def reach(identity: str, sources: tuple[str, ...], **options: Any) -> int:
    """Say everything that an identity can reach, and by which path.

    IDENTITY is serviceaccount/NAMESPACE/NAME, user/NAME, group/NAME, pod/NAMESPACE/NAME, node/NAME, or a file that
    leaked: a kubeconfig, a client certificate or a token. Of a file only the identity is read; nothing is sent.
    """
    from strongroom.survey import access_answers
    from strongroom.survey.access import identity_in

    name, file = identity_in(identity)
    ask = lambda pictured, known: access_answers.reach(known, name, pictured=pictured)  # noqa: E731
    answered(sources, ask, bearer=file, **options)
    return CLEAN


@click.command("paths")
@click.argument("start", metavar="FROM")
@click.argument("end", metavar="TO")
@source_options
@answer_options
def paths(start: str, end: str, sources: tuple[str, ...], **options: Any) -> int:
    """Say by which shortest paths one reaches the other, each step with its binding, role, rule and place."""
    from strongroom.survey import access_answers

    answered(sources, lambda pictured, known: access_answers.between(known, start, end, pictured=pictured), **options)
    return CLEAN


@click.command("diff")
@click.argument("before")
@click.argument("after")
@reading_options
@answer_options
@click.option("--new-secrets", is_flag=True, help="Exit with 1 also where only Secrets that are new are reached.")
def diff(before: str, after: str, new_secrets: bool, **options: Any) -> int:
    """Say who reaches what they did not before; exit with 1 if reach grew.

    A Secret that is new is reached by somebody from its first day: that is told, and is no growth.
    """
    from strongroom.survey import access_answers

    report = answered((after,), lambda _, old, new: access_answers.difference(old, new), before=before, **options)
    grew = any(one.gained or (new_secrets and one.on_new) for one in report.changes)
    return FINDINGS if grew else CLEAN


@click.command("review")
@source_options
@answer_options
def review(sources: tuple[str, ...], **options: Any) -> int:
    """Write the periodic access review: each identity, the Secrets that it reaches, their last change and owner."""
    from strongroom.survey import access_answers

    answered(sources, lambda pictured, known: access_answers.reviewed(known, pictured=pictured), **options)
    return CLEAN


@click.command("what-if")
@source_options
@answer_options
@click.option("--remove", multiple=True, metavar="OBJECT", help="Without rolebinding/NAMESPACE/NAME … Repeatable.")
@click.option(
    "--allow", multiple=True, metavar="RIGHT", help='With "SUBJECT VERB RESOURCE [-n NAMESPACE]". Repeatable.'
)
@click.option("--compromise", metavar="IDENTITY", help="Say what falls with an identity, named as for reach.")
def what_if(
    sources: tuple[str, ...], remove: tuple[str, ...], allow: tuple[str, ...], compromise: str | None, **options: Any
) -> int:
    """Say what a change would change: who would reach more, who less, what an identity would reach then."""
    from strongroom.survey import access_answers
    from strongroom.survey.access import identity_in

    name, file = identity_in(compromise) if compromise is not None else (None, None)

    def ask(_: bool, known: Known) -> AccessReport:
        return access_answers.what_if(known, remove=remove, allow=allow, compromise=name)

    answered(sources, ask, bearer=file, **options)
    return CLEAN
