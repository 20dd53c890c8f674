"""Options of ``strongroom scan`` that fan it out over Spark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from strongroom.cli.common import progress
from strongroom.errors import SourceError, UsageError

if TYPE_CHECKING:
    from strongroom.cli.scan_options import Accepting
    from strongroom.model.report import Report
    from strongroom.model.settings import Settings

_Command = TypeVar("_Command", bound=Callable[..., Any])
_RULES = (".yml", ".yaml", ".toml")


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
    for option in reversed(options):
        command = option(command)
    return command


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
    others: dict[str, object],
    settings: Settings,
    fingerprint_key: str | None,
    *,
    quiet: bool,
) -> Report:
    """Scan the repositories of a list on Spark's workers.

    Args:
        fleet: the options.
        chosen: what is accepted; of it, only rules have a meaning here.
        others: options that have no meaning here, by their names.
        settings: severities.
        fingerprint_key: the file with the key.
        quiet: say nothing.

    Raises:
        UsageError: options contradict each other.
        StrongroomError: the list, the rules or Spark cannot be used, or the rows cannot be written.
    """
    master, repositories = _refuse_contradictions(fleet, chosen, others)
    from strongroom.cli.scan_options import rules_of
    from strongroom.survey import fingerprint_key as keys
    from strongroom.survey.scanning import spark as scan_spark
    from strongroom.survey.scanning.request import ScanRequest
    from strongroom.survey.scanning.spark_task import Job

    rules_of(chosen, quiet=quiet)  # what cannot be used is said before any worker starts
    key = keys.load(fingerprint_key)
    job = Job(
        key=key,
        rules=_read(chosen.rules),
        since=fleet.since,
        branch=fleet.branch,
        all_refs=fleet.all_refs,
        max_bytes=fleet.max_file_size << 20,
        archive_depth=fleet.archive_depth,
        severities=settings.severities,
    )
    with progress(quiet=quiet) as show:
        request = scan_spark.FleetRequest(
            master=master,
            repositories=Path(repositories),
            job=job,
            scan=ScanRequest(paths=(), key=key, settings=settings, history=True, progress=show),
            rows=fleet.rows or "",
            range_bytes=fleet.range_size << 20,
            warn=lambda text: click.echo(f"warning: {text}", err=True),
            quiet=quiet,
        )
        return scan_spark.scan_fleet(request)


def _refuse_contradictions(fleet: Fleet, chosen: Accepting, others: dict[str, object]) -> tuple[str, str]:
    if fleet.spark is None:
        raise UsageError("--repos and --rows need --spark")
    if fleet.repos is None:
        raise UsageError("--spark needs --repos")
    accepted = {
        "--baseline": chosen.baseline,
        "--write-baseline": chosen.write_baseline,
        "--audit-baseline": chosen.audit_baseline,
        "--import": chosen.imports,
    }
    for name, given in (others | accepted).items():
        if given:
            raise UsageError(f"--spark takes no {name}")
    return fleet.spark, fleet.repos


def _read(rules: tuple[str, ...]) -> tuple[tuple[str, bytes], ...]:
    try:
        return tuple((file.name, file.read_bytes()) for rule in rules for file in _files(Path(rule)))
    except OSError as error:
        raise SourceError("the rules cannot be read", hint=(error.strerror or "").lower()) from None


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if file.suffix in _RULES and file.is_file())
