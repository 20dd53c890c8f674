"""Options of ``strongroom scan`` that fan it out over Spark."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from strongroom.cli.common import progress, together
from strongroom.errors import SourceError, UsageError

if TYPE_CHECKING:
    from strongroom.cli.scan_known import Knowing
    from strongroom.cli.scan_options import Accepting
    from strongroom.leaks.custom_rules import CustomRules
    from strongroom.model.report import Report
    from strongroom.model.settings import Settings
    from strongroom.survey.leak_baseline import Entry
    from strongroom.survey.scanning.known_scan import Known
    from strongroom.survey.scanning.spark_job import Freight, Job

_Command = TypeVar("_Command", bound=Callable[..., Any])


def spark_options(command: _Command) -> _Command:
    """Add the options; `scan_fleet` takes them."""
    options = (
        click.option("--spark", metavar="MASTER", help="Scan the histories of many repositories on Spark's workers."),
        click.option("--repos", type=click.Path(dir_okay=False), metavar="FILE", help="With --spark: one path a line."),
        click.option("--rows", metavar="PATH", help="With --spark: write rows; FILE.jsonl, or a folder for Parquet."),
        click.option(
            "--range-size",
            type=click.IntRange(1, 1 << 20),
            default=256,
            show_default=True,
            metavar="MIB",
            help="With --spark: cut larger repositories into tasks of this size.",
        ),
    )
    return together(*options)(command)


class Fleet(NamedTuple):
    """What the options say of a scan of many repositories; sizes are in MiB."""

    spark: str | None
    repos: str | None
    rows: str | None
    range_size: int
    since: str
    branch: str
    all_refs: bool
    max_file_size: int
    archive_depth: int


def scan_fleet(
    fleet: Fleet,
    chosen: Accepting,
    known: Knowing,
    others: dict[str, object],
    settings: Settings,
    fingerprint_key: str | None,
    *,
    quiet: bool,
) -> tuple[bytes, Report, list[Entry]]:
    """Scan the repositories of a list on Spark's workers.

    Args:
        fleet: the options.
        chosen: what is accepted.
        known: the inventory.
        others: options that have no meaning here, by their names.
        settings: severities.
        fingerprint_key: the file with the key.
        quiet: say nothing.

    Returns:
        The key, the report, and the entries of a baseline that is to be written.

    Raises:
        UsageError: options contradict each other.
        StrongroomError: the list, the rules, the baseline, the inventory or Spark cannot be used, or the rows cannot
            be written.
    """
    master, repositories = _refuse_contradictions(fleet, chosen, known, others)
    from strongroom.survey import fingerprint_key as keys
    from strongroom.survey.scanning import spark as scan_spark
    from strongroom.survey.scanning.request import ScanRequest

    scan_spark.refuse(master, Path(repositories), fleet.rows or "")
    key = keys.load(fingerprint_key)
    rules = _rules(chosen, quiet=quiet)
    with progress(quiet=quiet) as show:
        freight, knows = _freight(chosen, rules, known, key, show)
        request = scan_spark.FleetRequest(
            master=master,
            repositories=Path(repositories),
            job=_job(fleet, key, freight, settings, entries=chosen.write_baseline is not None),
            scan=ScanRequest(paths=(), key=key, settings=settings, history=True, progress=show),
            known=knows,
            rows=fleet.rows or "",
            range_bytes=fleet.range_size << 20,
            warn=lambda text: click.echo(f"warning: {text}", err=True),
            quiet=quiet,
        )
        return key, *scan_spark.scan_fleet(request)


def _rules(chosen: Accepting, *, quiet: bool) -> CustomRules:
    from strongroom.cli.scan_options import rules_of

    rules = rules_of(chosen, quiet=quiet)
    for taken in rules.taken:
        if taken.accepted:
            raise UsageError(
                f"{taken.source} accepts findings of one repository",
                hint="--import it in a scan --history --write-baseline there; --spark takes that --baseline",
            )
    return rules


def _freight(
    chosen: Accepting, rules: CustomRules, known: Knowing, key: bytes, show: Callable[[str], None]
) -> tuple[Freight, Known | None]:
    """Read what workers need, so that whatever cannot be used is said before any of them starts."""
    from strongroom.cli.scan_known import prepare_for_workers
    from strongroom.cli.scan_options import baseline_of
    from strongroom.leaks.library import Library
    from strongroom.survey.scanning.spark_job import Freight

    baseline = baseline_of(chosen, key)
    files, knows = prepare_for_workers(key, Library(rules.paths), show, known)
    folder = str(chosen.file.absolute().parent)
    return Freight(_read(rules.files), rules.taken, files, baseline, folder), knows


def _job(fleet: Fleet, key: bytes, freight: Freight, settings: Settings, *, entries: bool) -> Job:
    from strongroom.survey.scanning.spark_job import Job

    return Job(
        key=key,
        freight=freight,
        since=fleet.since,
        branch=fleet.branch,
        all_refs=fleet.all_refs,
        max_bytes=fleet.max_file_size << 20,
        archive_depth=fleet.archive_depth,
        severities=settings.severities,
        today=datetime.now(UTC).date(),
        entries=entries,
    )


def _refuse_contradictions(
    fleet: Fleet, chosen: Accepting, known: Knowing, others: dict[str, object]
) -> tuple[str, str]:
    if fleet.spark is None:
        raise UsageError("--repos and --rows need --spark")
    if fleet.repos is None:
        raise UsageError("--spark needs --repos")
    for name, given in others.items():
        if given:
            raise UsageError(f"--spark takes no {name}", hint="it scans the histories that --repos names")
    if chosen.audit_baseline:
        raise UsageError(
            "--spark takes no --audit-baseline",
            hint="--write-baseline here, then scan --history --audit-baseline in the repository",
        )
    if known.verify:
        raise UsageError(
            "--spark takes no --verify",
            hint="no value leaves a worker: scan --history --verify in the repositories that matter",
        )
    return fleet.spark, fleet.repos


def _read(files: tuple[Path, ...]) -> tuple[tuple[str, bytes], ...]:
    try:
        return tuple((file.name, file.read_bytes()) for file in files)
    except OSError as error:
        raise SourceError("the rules cannot be read", hint=(error.strerror or "").lower()) from None
