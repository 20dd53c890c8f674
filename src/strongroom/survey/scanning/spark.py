"""A scan of more repositories than one machine can read: the same scan, fanned out over Spark.

Each repository is a task, and each range of the contents of a large one. What they give is brought together by
repository in a shuffle, whose files Spark makes again where a worker that held them is lost; a task counts once,
however often it ran (https://spark.apache.org/docs/latest/rdd-programming-guide.html#shuffle-operations).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from strongroom.errors import OutputError, SourceError, StrongroomError, UsageError
from strongroom.model.report import Report
from strongroom.report.wording import plural
from strongroom.survey.leak_baseline import Entry
from strongroom.survey.scanning.known_scan import Known
from strongroom.survey.scanning.request import ScanRequest
from strongroom.survey.scanning.scan import report_of
from strongroom.survey.scanning.spark_job import Freight, Job
from strongroom.survey.scanning.spark_report import Summary, repositories_of
from strongroom.survey.scanning.spark_rows import Row, columns, json_lines, skipped_row
from strongroom.survey.scanning.spark_session import (
    FAILURES,
    exists,
    kind_of,
    refuse_master,
    refuse_without_spark,
    start,
)
from strongroom.survey.scanning.spark_task import (
    Listed,
    Measured,
    Outcome,
    Part,
    Task,
    given_up,
    measure,
    merge,
    scan_task,
    tasks_of,
)
from strongroom.writing import replace_file

if TYPE_CHECKING:
    from pyspark import RDD, Broadcast, SparkContext

JSON_LINES = (".jsonl", ".ndjson")
RANGE_BYTES = 256 << 20

_NEW = "name a new folder, or a file ending in .jsonl"
_MERGED = 4
"""Groups of repositories for each core."""


class FleetRequest(msgspec.Struct, frozen=True):
    """What is asked of a scan of many repositories.

    Attributes:
        master: the master of Spark: ``spark://HOST:7077``, ``yarn``, ``k8s://…``, ``local[4]``.
        repositories: the file that names them.
        job: what every task needs.
        known: what an inventory knows of the values that the job looks for.
        scan: what the report is made of: settings, progress.
        rows: a file for JSON lines, else a folder (or its address) for Parquet; empty for none.
        range_bytes: a task scans so many bytes of the objects of a repository.
        warn: called with what somebody should know.
        quiet: say nothing of Spark's.
    """

    master: str
    repositories: Path
    job: Job
    scan: ScanRequest
    known: Known | None = None
    rows: str = ""
    range_bytes: int = RANGE_BYTES
    warn: Callable[[str], None] = lambda _: None
    quiet: bool = False


class _Sent(NamedTuple):
    """A job on its way: what is large is sent once to each worker, and not with each task."""

    job: Job
    freight: Broadcast[Freight]

    def whole(self) -> Job:
        return msgspec.structs.replace(self.job, freight=self.freight.value)


def refuse(master: str, repositories: Path, rows: str) -> None:
    """Refuse what is asked for and cannot be, before anything takes long. Errors as for `scan_fleet`."""
    listed(repositories)
    _refuse_rows(rows)
    refuse_master(master)


def listed(file: Path) -> list[Listed]:
    """Read a list of repositories: one path a line, relative to the working folder; blank lines and ``#`` lines aside.

    Raises:
        SourceError: it cannot be read, or names none.
        UsageError: a line is an address; it is not repeated, for it may hold a password.
    """
    try:
        text = file.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise SourceError(f"list {file} cannot be read", hint=(error.strerror or "").lower()) from None
    found: dict[str, Listed] = {}
    for number, line in enumerate(text.split("\n"), 1):
        name = line.strip()
        if not name or name.startswith("#"):
            continue
        if "://" in name:
            raise UsageError(f"line {number} of {file} is an address", hint="clone it where every worker sees it")
        path = os.path.abspath(name)  # noqa: PTH100 - resolve() would follow links, and workers may have others
        found.setdefault(path, Listed(len(found), name, path))
    if not found:
        raise SourceError(f"list {file} names no repository", hint="one path a line")
    return list(found.values())


def scan_fleet(request: FleetRequest) -> tuple[Report, list[Entry]]:
    """Scan the histories of many repositories; return the report, and entries of a baseline where the job wants some.

    Raises:
        SourceError: the list cannot be read.
        UsageError: ``pyspark`` is not installed, a master cannot be used, or the rows are there already.
        OutputError: the rows cannot be written.
        StrongroomError: Spark failed, or a worker is not fit for it.
    """
    refuse(request.master, request.repositories, request.rows)
    refuse_without_spark()
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        context = start(request.master, request.warn, quiet=request.quiet)
        try:
            return _scan(request, context)
        finally:
            context.stop()
    except (PySparkException, Py4JError, ConnectionError) as error:
        raise StrongroomError(
            f"the scan failed on Spark at {request.master}: {kind_of(error)}",
            hint="its log says more; workers need Java, the same Python and the same strongroom (PYSPARK_PYTHON)",
        ) from None


def _refuse_rows(rows: str) -> None:
    """Refuse what could not be written in the end, after hours."""
    if _is_json(rows) and not Path(rows).absolute().parent.is_dir():
        raise OutputError(f"rows {rows} cannot be written", hint="its folder does not exist")
    if rows and not _is_json(rows) and "://" not in rows and Path(rows).exists():
        raise UsageError(f"{rows} exists already", hint=_NEW)


def _scan(request: FleetRequest, context: SparkContext) -> tuple[Report, list[Entry]]:
    repositories, show = listed(request.repositories), request.scan.progress
    if "://" in request.rows and exists(context, request.rows):
        raise UsageError(f"{request.rows} exists already", hint=_NEW)
    show(f"measuring {len(repositories):,} repositories")
    small = msgspec.structs.replace(request.job, freight=Freight())
    sent = _Sent(small, context.broadcast(request.job.freight))
    slices = min(len(repositories), _MERGED * context.defaultParallelism)
    measured = context.parallelize(repositories, slices).map(functools.partial(_measured, sent)).collect()
    for one in measured:
        if one.trouble:
            raise StrongroomError(f"a worker cannot scan: {one.trouble}", hint="install the same version everywhere")
    chosen = _once_each(measured)
    tasks = tasks_of(chosen, request.range_bytes)
    show(f"scanning {len(chosen):,} repositories in {len(tasks):,} tasks")
    outcomes = _outcomes(context, sent, tasks, len(chosen))
    summary = Summary(request.known)
    _write(request, outcomes, summary, context)
    scanned = summary.scanned
    scanned.notes.append(f"{repositories_of(summary.read)}, {plural(summary.commits, 'commit')} that change files")
    if summary.failed:
        scanned.notes.append(f"{repositories_of(summary.failed)} could not be read")
    if len(chosen) < len(repositories):
        scanned.notes.append(f"named twice: {repositories_of(len(repositories) - len(chosen))}")
    scan = msgspec.structs.replace(request.scan, paths=(str(request.repositories),))
    return report_of(scan, scanned, summary.findings()), summary.entries


def _once_each(measured: Iterable[Measured]) -> list[Measured]:
    """Return repositories once each, numbered without gaps."""
    once: dict[str, Measured] = {}
    for one in measured:
        again = msgspec.structs.replace(one.listed, number=len(once))
        once.setdefault(one.identity, msgspec.structs.replace(one, listed=again))
    return list(once.values())


def _measured(sent: _Sent, one: Listed) -> Measured:
    return measure(sent.whole(), one)


def _outcomes(context: SparkContext, sent: _Sent, tasks: list[Task], repositories: int) -> RDD[Outcome]:
    """Have the tasks done; return what each repository gave, in the order of the list."""
    from pyspark import StorageLevel

    most = max(1, int(context.getConf().get("spark.task.maxFailures", str(FAILURES)) or FAILURES) - 1)
    groups = min(repositories, _MERGED * context.defaultParallelism)
    outcomes = (
        context.parallelize(tasks, len(tasks))
        .mapPartitions(functools.partial(_work, sent, most))
        .groupByKey(groups, functools.partial(_group, groups, repositories))
        .mapPartitions(functools.partial(_merged, sent))
        .persist(StorageLevel.DISK_ONLY)
    )
    outcomes.count()
    return outcomes


def _work(sent: _Sent, most: int, tasks: Iterable[Task]) -> Iterator[tuple[int, Outcome | Part]]:
    from pyspark import TaskContext

    running = TaskContext.get()
    attempts = running.attemptNumber() if running is not None else 0
    job = sent.whole()
    for task in tasks:
        yield task.listed.number, given_up(task, attempts) if attempts >= most else scan_task(job, task)


def _group(groups: int, repositories: int, number: int) -> int:
    return number * groups // repositories


def _merged(sent: _Sent, grouped: Iterable[tuple[int, Iterable[Outcome | Part]]]) -> Iterator[Outcome]:
    job = sent.whole()
    for _, given in sorted(grouped, key=lambda pair: pair[0]):
        yield merge(job, given)


def _write(request: FleetRequest, outcomes: RDD[Outcome], summary: Summary, context: SparkContext) -> None:
    """Bring the outcomes here, one group of repositories after the other, and write their rows."""
    if request.rows and not _is_json(request.rows):
        _write_parquet(request.rows, outcomes, context)
    arriving = _summed(outcomes.toLocalIterator(), summary)
    if _is_json(request.rows):
        replace_file(Path(request.rows), (line for one in arriving for line in json_lines(_rows(one))), what="rows")
    else:
        for _ in arriving:
            pass


def _summed(outcomes: Iterable[Outcome], summary: Summary) -> Iterator[Outcome]:
    for outcome in outcomes:
        summary.add(outcome)
        yield outcome


def _write_parquet(folder: str, outcomes: RDD[Outcome], context: SparkContext) -> None:
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    target = folder if "://" in folder else Path(os.path.abspath(folder)).as_uri()  # noqa: PTH100 - as it is named
    try:
        rows = outcomes.flatMap(_rows).map(msgspec.structs.astuple)
        SparkSession(context).createDataFrame(rows, columns(), verifySchema=False).write.parquet(target)
    except PySparkException as error:
        raise OutputError(f"rows {folder} cannot be written", hint=f"Spark says {kind_of(error)}") from None


def _rows(outcome: Outcome) -> list[Row]:
    skipped = [skipped_row(outcome.listed.name, one) for one in outcome.skipped]
    return [*outcome.rows, *skipped]


def _is_json(rows: str) -> bool:
    return rows.endswith(JSON_LINES)
