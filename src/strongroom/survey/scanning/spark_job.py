"""What every task of a scan of many repositories needs, and what a worker makes of it."""

from __future__ import annotations

import functools
import tempfile
from datetime import date
from pathlib import Path

import msgspec

import strongroom
from strongroom.leaks.custom_rules import NONE, CustomRules, load
from strongroom.leaks.imports.contract import Taken
from strongroom.leaks.library import Library
from strongroom.model.finding import Severity
from strongroom.survey.leak_baseline import LeakBaseline
from strongroom.survey.scanning import git as scan_git
from strongroom.survey.scanning.accept import Acceptance
from strongroom.survey.scanning.blobs import Blobs
from strongroom.survey.scanning.known_scan import Known
from strongroom.survey.scanning.request import ScanRequest
from strongroom.survey.scanning.spark_known import known_from


class Freight(msgspec.Struct, frozen=True):
    """What may be large. It holds neither a key nor a value, since Spark keeps what it broadcasts in files.

    Attributes:
        rules: names and contents of the library's rule files.
        taken: rules and allowlists of gitleaks.
        known: contents of fingerprint files.
        baseline: values that are left out.
        folder: the folder of the baseline file.
    """

    rules: tuple[tuple[str, bytes], ...] = ()
    taken: tuple[Taken, ...] = ()
    known: tuple[bytes, ...] = ()
    baseline: LeakBaseline | None = None
    folder: str = ""


class Job(msgspec.Struct, frozen=True):
    """What every task of a run needs. It goes to the workers inside Spark's closure, and nowhere else.

    Attributes:
        key: the fingerprint key.
        version: of the program that asks; the workers must have the same.
        freight: what may be large, and goes another way (`spark.scan_fleet`).
        since, branch, all_refs: which part of each history.
        max_bytes: larger contents are passed over.
        archive_depth: how many archives inside each other are opened.
        severities: what a user says of rules.
        today: the date for expiries.
        entries: what is found is wanted as entries of a baseline, too.
    """

    key: bytes
    version: str = strongroom.__version__
    freight: Freight = Freight()
    since: str = ""
    branch: str = ""
    all_refs: bool = False
    max_bytes: int = scan_git.LARGEST
    archive_depth: int = 4
    severities: dict[str, Severity] = {}
    today: date = date.min
    entries: bool = False

    def __repr__(self) -> str:
        return f"Job({self.version})"  # Spark may log it


def load_all(job: Job) -> None:
    """Load the rules and known values of a job, once in a process.

    Raises:
        StrongroomError: they cannot be loaded: this worker can scan nothing.
    """
    _rules(job.freight.rules, job.freight.taken)
    known_of_job(job)


def blobs_of(job: Job, top: Path) -> Blobs:
    """Return what looks at contents, afresh for each task: what it remembers belongs to one repository.

    Args:
        job: the job.
        top: the folder of the repository's files, to which its paths are relative.
    """
    library, rules = _rules(job.freight.rules, job.freight.taken)
    baseline, folder = job.freight.baseline, Path(job.freight.folder)
    blobs = Blobs(job.key, library, Acceptance(baseline, folder, top, rules, job.today))
    blobs.load()
    known = known_of_job(job)
    if known:
        blobs.search(known)
    return blobs


def known_of_job(job: Job) -> Known | None:
    """Return the known values that a job looks for; None where it looks for none."""
    return _known(job.freight.known, job.key) if job.freight.known else None


def request_of(job: Job) -> ScanRequest:
    """Return what a job asks of the scan of each repository."""
    return ScanRequest(
        paths=(),
        key=job.key,
        history=True,
        since=job.since,
        branch=job.branch,
        all_refs=job.all_refs,
        max_bytes=job.max_bytes,
        archive_depth=job.archive_depth,
    )


@functools.lru_cache(maxsize=1)
def _rules(files: tuple[tuple[str, bytes], ...], taken: tuple[Taken, ...]) -> tuple[Library, CustomRules]:
    """Return the rules, loaded once in a process, which does one task after the other."""
    with tempfile.TemporaryDirectory(prefix="strongroom-rules-") as folder:  # mode 0700
        paths = []
        for number, (name, data) in enumerate(files):
            paths.append(Path(folder) / f"{number}-{Path(name).name}")
            paths[-1].write_bytes(data)
        rules = load(paths, taken) if paths or taken else NONE
        library = Library(rules.paths)
        library.load()
    library.scanner()
    return library, rules


@functools.lru_cache(maxsize=1)
def _known(files: tuple[bytes, ...], key: bytes) -> Known:
    return known_from(files, key)
