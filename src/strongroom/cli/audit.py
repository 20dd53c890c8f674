"""``strongroom audit``: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from strongroom.cli.common import outputs, progress, request, source_options, terminal, write
from strongroom.cli.fixing import FIX_OPTIONS, fix_options, ids, run_fix
from strongroom.cli.root import CLEAN
from strongroom.errors import SourceError, UsageError
from strongroom.report.formats import FORMATS, by_id

if TYPE_CHECKING:
    from strongroom.leaks.recognise import Recogniser
    from strongroom.model.report import Report
    from strongroom.survey.run import Request

_WITH_INVENTORY = {"html", "json"}
"""Formats that show where each secret is defined and used, line by line."""

_EVERYTHING = ""
"""What ``--fix`` without an id comes to."""

_FIX_SHAPES = frozenset({"text", "json"})

_SEVERITIES = ("info", "low", "medium", "high", "critical")


@click.command("audit")
@source_options
@click.option("--format", "shape", type=click.Choice([f.id for f in FORMATS]), default="text", show_default=True)
@click.option(
    "-o", "--output", multiple=True, metavar="FILE", help="Write a report; its suffix tells the format. Repeatable."
)
@click.option("--fail-on", type=click.Choice(_SEVERITIES), help="Exit with 1 from this severity on.  [default: high]")
@click.option("--select", multiple=True, metavar="ID", help="Run only these checks. Repeatable, or by commas.")
@click.option("--ignore", multiple=True, metavar="ID", help="Leave these checks out. Repeatable, or by commas.")
@click.option("--pedantic", is_flag=True, help="Report what only a careful reader wants to know.")
@click.option(
    "--import",
    "imports",
    multiple=True,
    type=click.Path(dir_okay=False),
    help="A report of another tool: its findings join ours. Repeatable.",
)
@click.option("--baseline", type=click.Path(dir_okay=False), help="Leave out the findings of this file.")
@click.option(
    "--write-baseline", type=click.Path(dir_okay=False), help="Accept today's findings: write them to this file."
)
@click.option("--strict", is_flag=True, help="Exit with 2 where anything could not be read.")
@click.option(
    "--fix",
    multiple=True,
    is_flag=False,
    flag_value=_EVERYTHING,
    metavar="[ID]",
    help="Mend what can be mended, or only a check or one finding. Repeatable. Takes the options below.",
)
@fix_options
def command(
    sources: tuple[str, ...],
    shape: str,
    output: tuple[str, ...],
    fail_on: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    pedantic: bool,
    imports: tuple[str, ...],
    baseline: str | None,
    write_baseline: str | None,
    strict: bool,
    verbose: bool,
    quiet: bool,
    color: bool | None,
    fix: tuple[str, ...],
    **more: Any,
) -> int:
    """Find where secrets are and what is wrong, in one report; with --fix, mend it.

    SOURCE is a file, a folder, - for standard input, cluster or cluster:CONTEXT for a running cluster, files:FOLDER
    for control-plane files, etcd:URL or etcd:FILE; several are joined. By default the current folder.
    """
    from strongroom.leaks.recognise import started

    recogniser = started()  # first of all: the rest is imported while it loads
    from strongroom.report.outcome import exit_code

    files = outputs(output, FORMATS)
    detailed = {shape, *(chosen.id for _, chosen in files)} & _WITH_INVENTORY
    mending = {name: more.pop(name) for name in FIX_OPTIONS}
    if fix and (write_baseline is not None or shape not in _FIX_SHAPES):
        raise UsageError("--fix goes with --format text or json, and not with --write-baseline")
    if not fix and any(mending.values()):
        raise UsageError("options of --fix without --fix")
    with progress(quiet=quiet) as show:
        asked = _request(
            sources,
            progress=show,
            select=_ids(select, "--select"),
            ignore=_ids(ignore, "--ignore"),
            pedantic=pedantic,
            imports=imports,
            baseline=baseline,
            fail_on=fail_on,
            placed_inventory=bool(detailed),
            **more,
        )
        if fix:
            key = more["fingerprint_key"]
            done = run_fix(asked, ids(fix, "--fix"), mending, shape, recogniser, key, verbose=verbose)
            write(done.report, files, None, terminal(color=color, verbose=verbose, strict=strict))
            return done.code or exit_code(done.report, strict=strict)
        report = _report(asked, recogniser)
    if write_baseline is not None:
        return _write_baseline(report, write_baseline)
    shown = None if quiet else by_id(shape, FORMATS)
    write(report, files, shown, terminal(color=color, verbose=verbose, strict=strict))
    return exit_code(report, strict=strict)


def _request(sources: tuple[str, ...], *, baseline: str | None, fail_on: str | None, **options: Any) -> Request:
    from strongroom.survey import baseline as baselines
    from strongroom.survey.settings import severity

    accepted = baselines.read(Path(baseline)) if baseline is not None else frozenset[str]()
    asked = request(sources, baseline=accepted, **options)
    if fail_on is not None:
        changed = msgspec.structs.replace(asked.settings, fail_on=severity(fail_on, "--fail-on"))
        asked = msgspec.structs.replace(asked, settings=changed)
    return asked


def _report(asked: Request, recogniser: Recogniser) -> Report:
    from strongroom.survey.run import survey

    report = survey(asked, recogniser=recogniser)
    refuse_empty(report)
    return report


def refuse_empty(report: Report) -> None:
    """Refuse a run that read nothing: an empty selection must not look like a clean one.

    Raises:
        SourceError: no Kubernetes object and nothing else that is looked at was found.
    """
    read = report.coverage
    if not (read.objects or read.other_facts or report.findings or report.sightings):
        named = ", ".join(report.sources)
        bad = sum(entry.problem for entry in report.skipped)
        hint = "name the folder that holds the manifests"
        if bad:
            first = next(entry for entry in report.skipped if entry.problem)
            hint = f"{bad} could not be read, first {first.path}: {first.reason.value}"
        raise SourceError(f"no Kubernetes object in {named}", hint=hint)


def _ids(words: tuple[str, ...], option: str) -> frozenset[str]:
    ids = frozenset(part.strip() for word in words for part in word.split(",") if part.strip())
    if ids:
        from strongroom.posture.checks import CHECKS
        from strongroom.survey.settings import require_known

        known = frozenset(check.id for check in CHECKS)
        for id_ in sorted(ids):
            require_known(id_, known, option)
    elif words:
        raise UsageError(f"{option} names no check")
    return ids


def _write_baseline(report: Report, path: str) -> int:
    from strongroom.survey import baseline as baselines

    count = baselines.write(Path(path), report.findings)
    click.echo(f"{count} findings accepted in {path}", err=True)
    return CLEAN
