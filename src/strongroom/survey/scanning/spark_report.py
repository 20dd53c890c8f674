"""The report of a scan of many repositories: one value is one finding, however many repositories hold it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from strongroom.model.finding import Audience, Finding, Practice, Related
from strongroom.model.leak import PREFIX, CommitFact, Leak
from strongroom.model.origin import Origin
from strongroom.report.wording import plural
from strongroom.survey.leak_baseline import Entry
from strongroom.survey.scanning.findings import MOST_PLACES
from strongroom.survey.scanning.known_scan import Known, marked
from strongroom.survey.scanning.page import rotate
from strongroom.survey.scanning.request import Scanned
from strongroom.survey.scanning.spark_rows import Row, confidence_of, severity_of, value_of
from strongroom.survey.scanning.spark_task import Outcome

_MOST_NAMED = 20
_WARNING = "this does not undo the leak, since clones, forks and caches keep it: rotate first"
_NEVER = datetime.min.replace(tzinfo=UTC)


class _Value(msgspec.Struct):
    """One value: what the first rows say of it, and the counts of all."""

    rows: list[Row] = []
    places: int = 0
    repositories: int = 0
    first: CommitFact | None = None
    last: CommitFact | None = None
    present: bool = False


class Summary:
    """Takes outcomes one after the other; keeps what a report names of them.

    Args:
        known: what an inventory knows.

    Attributes:
        scanned: what was read.
        entries: of a baseline, where they are wanted.
        read, failed: how many repositories.
        commits: how many commits change files.
    """

    def __init__(self, known: Known | None = None) -> None:
        self.scanned = Scanned(notes=list(known.notes) if known else [])
        self.entries: list[Entry] = []
        self._known = known
        self.read = self.failed = self.commits = 0
        self._values: dict[str, _Value] = {}

    def add(self, outcome: Outcome) -> None:
        """Take what one repository gave."""
        whole = [one for one in outcome.skipped if one.path == outcome.listed.name and one.problem]
        failed = bool(whole) and not outcome.commits
        self.failed += failed
        self.read += not failed
        self.commits += outcome.commits
        self.scanned.files += outcome.files
        self.entries += outcome.entries
        for why, count in outcome.suppressed.items():
            self.scanned.suppressed[why] = self.scanned.suppressed.get(why, 0) + count
        for one in outcome.skipped:
            path = one.path if one.path == outcome.listed.name else _below(outcome.listed.name, one.path)
            self.scanned.skipped.append(msgspec.structs.replace(one, path=path))
        for row in outcome.rows:
            _count(self._values.setdefault(row.fingerprint, _Value()), row)

    def findings(self) -> Iterable[Finding]:
        """Yield one finding for each value."""
        for value in self._values.values():
            finding = _finding(value)
            yield marked(finding, self._known) if self._known else finding


def repositories_of(number: int) -> str:
    """Return ``1 repository``, ``2 repositories``."""
    return plural(number, "repository", "repositories")


def _count(value: _Value, row: Row) -> None:
    value.places += row.places
    value.repositories += 1
    value.present |= row.present
    if len(value.rows) < MOST_PLACES:
        value.rows.append(row)
    if row.first_commit and (value.first is None or _when(row.first) < _when(value.first)):
        value.first = row.first
    if row.last_commit and (value.last is None or _when(row.last) > _when(value.last)):
        value.last = row.last


def _when(commit: CommitFact) -> datetime:
    return datetime.fromisoformat(commit.date) if commit.date else _NEVER


def _finding(value: _Value) -> Finding:
    best = max(value.rows, key=lambda row: (severity_of(row), confidence_of(row), row.rule.startswith("betterleaks.")))
    first = value.rows[0]
    leak = Leak(
        what=best.what,
        masked=best.masked,
        entropy=best.entropy,
        places=value.places,
        first=value.first,
        last=value.last,
        present=value.present,
        encoding=first.encoding,
    )
    id_ = PREFIX + best.rule
    return Finding(
        id=id_,
        title=f"{best.what[:1].upper()}{best.what[1:]} where it can be read",
        severity=severity_of(best),
        confidence=confidence_of(best),
        audience=Audience.EVERYBODY,
        practice=Practice.PLAINTEXT,
        message=_message(leak, value),
        origin=_origin(first),
        fingerprint=first.fingerprint[:32],
        value=value_of(first),
        related=tuple(Related(_origin(row), _place(row)) for row in value.rows[1:]),
        rule=best.rule,
        leak=msgspec.structs.replace(leak, todo=_todo(leak, value, id_)),
    )


def _message(leak: Leak, value: _Value) -> str:
    parts = [f"{leak.what} {leak.masked}"]
    if leak.encoding:
        parts.append(f"in {leak.encoding}")
    parts.append(f"entropy {leak.entropy}")
    parts.append(repositories_of(value.repositories))
    if leak.places > 1:
        parts.append(f"{leak.places:,} places")
    if leak.first is not None and leak.last is not None:
        parts.append(f"first in commit {leak.first.show()}")
        parts.append("still at a tip" if leak.present else f"last in commit {leak.last.show()}")
    return ", ".join(parts)


def _place(row: Row) -> str:
    return f"the same value, {plural(row.places, 'place')} in {row.repository}, first in commit {row.first_commit[:12]}"


def _origin(row: Row) -> Origin:
    path = _below(row.repository, row.path)
    return Origin(row.repository, path, line=row.line, column=row.column, commit=row.commit)


def _below(repository: str, path: str) -> str:
    return f"{repository.rstrip('/')}/{path}"


def _todo(leak: Leak, value: _Value, id_: str) -> tuple[str, ...]:
    named = [row.repository for row in value.rows[:_MOST_NAMED]]
    rest = value.repositories - len(named)
    where = ", ".join(named) + (f" and {rest:,} more" if rest else "")
    return (
        rotate(leak),
        f"purge: `strongroom scan --history` in each repository gives the command: {where}; {_WARNING}",
        f"ignore, where it is no secret: a comment `strongroom: ignore[{id_}] REASON` in its line",
    )
