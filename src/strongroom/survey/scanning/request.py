"""What is asked of a scan, and what reading gives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from strongroom.model.plaintext import Fingerprint
from strongroom.model.settings import Settings
from strongroom.model.skipped import Skipped
from strongroom.survey.scanning.findings import Held
from strongroom.survey.scanning.hit import Hit

LARGEST = 256 << 20


class ScanRequest(msgspec.Struct, frozen=True):
    """What a user asks of one scan.

    Attributes:
        paths: files and folders; repositories where the history is asked for.
        key: the fingerprint key.
        settings: thresholds, severities.
        stdin: read standard input instead.
        history, staged: read the history, or what is about to be committed.
        since, branch, all_refs: which part of the history.
        gitignore: honour ``.gitignore``.
        archive_depth: how many archives inside each other are opened.
        max_bytes: larger files are passed over, and said to be.
        processes: how many processes read documents beside the threads, where there are many.
        progress: called with what is being done.
        now: the time of the run.
    """

    paths: tuple[str, ...]
    key: bytes
    settings: Settings = Settings()
    stdin: bool = False
    history: bool = False
    staged: bool = False
    since: str = ""
    branch: str = ""
    all_refs: bool = False
    gitignore: bool = True
    archive_depth: int = 4
    max_bytes: int = LARGEST
    processes: int = 0
    progress: Callable[[str], None] = lambda _: None
    now: datetime | None = None


class Scanned(msgspec.Struct):
    """What reading gave: hits in the order in which places are named, and what was read."""

    hits: list[Hit] = []
    held: dict[Fingerprint, Held] = {}
    skipped: list[Skipped] = []
    files: int = 0
    notes: list[str] = []
    suppressed: dict[str, int] = {}
