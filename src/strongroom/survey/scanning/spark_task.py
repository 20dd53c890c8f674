"""What a worker does in a scan of many repositories: one repository, or a range of the contents of a large one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

import strongroom
from strongroom.errors import SourceError, StrongroomError
from strongroom.model.skipped import Skipped
from strongroom.sources.git import find
from strongroom.survey.leak_baseline import Entry
from strongroom.survey.scanning import git as scan_git
from strongroom.survey.scanning.blobs import Blobs
from strongroom.survey.scanning.findings import findings_of
from strongroom.survey.scanning.hit import Hit
from strongroom.survey.scanning.known_scan import joined_with_known, marked
from strongroom.survey.scanning.request import Scanned
from strongroom.survey.scanning.spark_job import Job, blobs_of, load_all, request_of
from strongroom.survey.scanning.spark_rows import Row, row_of, unreadable

MOST_RANGES = 64
"""Ranges of one repository: each of them lists its commits again, which is a fixed cost."""

_PREFIX_DIGITS = 8
_PREFIXES = 16**_PREFIX_DIGITS


class Listed(msgspec.Struct, frozen=True):
    """One repository of the list: its number there, its name there, and its path."""

    number: int
    name: str
    path: str


class Measured(msgspec.Struct, frozen=True):
    """One repository before it is scanned.

    Attributes:
        identity: equal for two names of one repository.
        size: bytes of its objects on disk.
        trouble: why this worker can scan nothing; empty where it can.
    """

    listed: Listed
    identity: str
    size: int = 0
    trouble: str = ""


class Task(msgspec.Struct, frozen=True):
    """One repository, or range ``part`` of ``parts`` of its contents by the ids of their objects."""

    listed: Listed
    part: int = 0
    parts: int = 1


class Outcome(msgspec.Struct):
    """What one repository gave.

    Attributes:
        rows: one for each value.
        entries: of a baseline, where they are wanted.
        skipped: what was not read.
        files: how many contents were looked at.
        commits: how many commits change files.
        suppressed: how many values were left out, by why.
    """

    listed: Listed
    rows: list[Row] = []
    entries: list[Entry] = []
    skipped: list[Skipped] = []
    files: int = 0
    commits: int = 0
    suppressed: dict[str, int] = {}


class Part(msgspec.Struct):
    """What one range of a large repository gave: hits by the ids of the objects that hold them."""

    task: Task
    hits: dict[str, list[Hit]] = {}
    skipped: list[Skipped] = []
    files: int = 0
    suppressed: dict[str, int] = {}


def measure(job: Job, listed: Listed) -> Measured:
    """Look at a repository, and whether this worker is fit to scan it; a broken one has no size."""
    if job.version != strongroom.__version__:
        return Measured(listed, "", trouble=f"has strongroom {strongroom.__version__} instead of {job.version}")
    try:
        load_all(job)
    except StrongroomError as error:
        return Measured(listed, "", trouble=error.message)
    try:
        repository = find(listed.path)
        code, out = repository.run("count-objects", "-v")
    except (StrongroomError, OSError, ValueError):
        return Measured(listed, listed.path)
    counts = dict(line.split(": ", 1) for line in out.decode("ascii", "replace").splitlines() if ": " in line)
    kibibytes = sum(int(counts.get(name, "") or 0) for name in ("size", "size-pack")) if code == 0 else 0
    return Measured(listed, f"{repository.git_dir.resolve()}\0{repository.within}", kibibytes << 10)


def tasks_of(measured: Iterable[Measured], range_bytes: int) -> list[Task]:
    """Cut repositories into tasks, the largest first: what takes longest must not begin last."""
    tasks: list[Task] = []
    for one in sorted(measured, key=lambda one: (-one.size, one.listed.number)):
        parts = max(1, min(MOST_RANGES, -(-one.size // range_bytes)))
        tasks += (Task(one.listed, part, parts) for part in range(parts))
    return tasks


def scan_task(job: Job, task: Task) -> Outcome | Part:
    """Do one task. A repository that cannot be scanned is an outcome too: it ends nobody else's scan.

    Raises:
        StrongroomError: the rules cannot be loaded: this worker can scan nothing.
    """
    load_all(job)
    return _guarded(task.listed, lambda: _whole(job, task) if task.parts == 1 else _part(job, task))


def merge(job: Job, given: Iterable[Outcome | Part]) -> Outcome:
    """Make one outcome of all that the tasks of one repository gave."""
    outcomes: list[Outcome] = []
    parts: list[Part] = []
    for one in given:
        if isinstance(one, Outcome):
            outcomes.append(one)
        else:
            parts.append(one)
    if parts:
        merged = _guarded(parts[0].task.listed, lambda: _joined(job, parts, parts[0].task.parts - len(outcomes)))
        if not isinstance(merged, Outcome):
            raise TypeError("ranges are joined to an outcome")
        outcomes.insert(0, merged)
    skipped = sorted({one for outcome in outcomes for one in outcome.skipped})  # a range that could not be scanned
    return msgspec.structs.replace(outcomes[0], skipped=skipped)


def given_up(task: Task, attempts: int) -> Outcome:
    """Say that a task ended its process again and again."""
    return Outcome(task.listed, skipped=[unreadable(task.listed.name, f"given up after {attempts} attempts")])


def _guarded(listed: Listed, work: Callable[[], Outcome | Part]) -> Outcome | Part:
    try:
        return work()
    except StrongroomError as error:
        detail = error.message
    except OSError as error:
        detail = (error.strerror or "").lower()
    except Exception as error:  # noqa: BLE001 - whatever one repository does, the others are scanned; it is told as skipped
        detail = f"the scan of it failed with {type(error).__name__}"
    return Outcome(listed, skipped=[unreadable(listed.name, detail)])


def _whole(job: Job, task: Task) -> Outcome:
    scanned, repository = Scanned(), find(task.listed.path)
    blobs = blobs_of(job, repository.top)
    searched = scan_git.search(task.listed.name, repository, request_of(job), blobs, scanned)
    return _outcome(job, task.listed, blobs, scanned, searched)


def _part(job: Job, task: Task) -> Part:
    scanned, repository = Scanned(), find(task.listed.path)
    blobs = blobs_of(job, repository.top)
    searched = scan_git.search(task.listed.name, repository, request_of(job), blobs, scanned, in_range(task))
    ids = searched.history.ids(searched.hits)
    hits = {ids[number]: found for number, found in searched.hits.items()}
    skipped = [*scanned.skipped, *blobs.acceptance.skipped()]
    return Part(task, hits, skipped, scanned.files, dict(blobs.acceptance.suppressed))


def in_range(task: Task) -> Callable[[bytes], bool]:
    """Return the test whether an object is in a task's range: ids are evenly spread, and the same for everybody."""
    low, high = (_PREFIXES * part // task.parts for part in (task.part, task.part + 1))
    return lambda id_: low <= int(id_[:_PREFIX_DIGITS], 16) < high


def _joined(job: Job, parts: list[Part], expected: int) -> Outcome:
    listed, scanned = parts[0].task.listed, Scanned()
    if len(parts) != expected:
        raise SourceError("a range of it is missing")
    repository = find(listed.path)
    blobs = blobs_of(job, repository.top)
    searched = scan_git.search(listed.name, repository, request_of(job), blobs, scanned, lambda _: False)
    hits = {id_: found for part in parts for id_, found in part.hits.items()}
    numbers = {number: id_ for id_, number in searched.history.numbers(hits).items()}
    searched = searched._replace(hits={number: hits[id_] for number, id_ in sorted(numbers.items())})
    scanned.files = sum(part.files for part in parts)
    scanned.skipped = sorted({*scanned.skipped, *(one for part in parts for one in part.skipped)})
    outcome = _outcome(job, listed, blobs, scanned, searched)
    suppressed = sum((Counter(part.suppressed) for part in parts), Counter(outcome.suppressed))
    return msgspec.structs.replace(outcome, suppressed=dict(suppressed))


def _outcome(job: Job, listed: Listed, blobs: Blobs, scanned: Scanned, searched: scan_git.Searched) -> Outcome:
    scan_git.expand(searched, scanned)
    acceptance, known = blobs.acceptance, blobs.known.known if blobs.known else None
    hits = joined_with_known(scanned.hits, known) if known else scanned.hits
    found = findings_of(acceptance.uncovered(hits), scanned.held)
    if known:
        found = [marked(one, known) for one in found]
    judged = [
        msgspec.structs.replace(one, severity=job.severities[one.id]) if one.id in job.severities else one
        for one in found
    ]
    return Outcome(
        listed=listed,
        rows=sorted((row_of(listed.name, one) for one in judged), key=lambda row: row.fingerprint),
        entries=_new_entries(job, blobs) if job.entries else [],
        skipped=sorted({*scanned.skipped, *acceptance.skipped()}),
        files=scanned.files,
        commits=len(searched.history.commits),
        suppressed=dict(acceptance.suppressed),
    )


def _new_entries(job: Job, blobs: Blobs) -> list[Entry]:
    before = job.freight.baseline.entries if job.freight.baseline else {}
    acceptance = blobs.acceptance
    return [entry for entry in acceptance.entries(acceptance.hits) if entry.known not in before]
