"""What a scan of many repositories writes down: one row for each value and repository, and for what was not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from strongroom.model.finding import Confidence, Finding, Severity
from strongroom.model.leak import CommitFact
from strongroom.model.plaintext import Fingerprint
from strongroom.model.skipped import Reason, Skipped
from strongroom.report.sanitise import json_text, writable

_NOBODY = CommitFact("", "", "")


class Row(msgspec.Struct, frozen=True):
    """One value in one repository, or one thing of it that was not read. Holds no value.

    Attributes:
        kind: ``value`` or ``skipped``.
        repository: as the list of repositories names it.
        fingerprint: keyed; equal values of all repositories have equal ones.
        rule: what recognised it.
        what: what it is, for people.
        severity, confidence: as in a report: ``high``.
        masked: the value as it may be shown.
        entropy: bits for each byte.
        encoding: how it stands there where it is not as it is.
        places: how many places of the repository's history hold it.
        path, line, column, commit: the first of them; of what was skipped the file, empty where it is the repository.
        first_commit, first_author, first_date: the commit that brought it in.
        last_commit, last_author, last_date: the newest commit that holds it.
        present: the tip of the branch still holds it.
        live: which Secrets have the value, where the inventory knows it.
        consumers: who uses these.
        reason: why it was not read.
        problem: of what was skipped: somebody should know.
    """

    kind: Literal["value", "skipped"]
    repository: str
    fingerprint: str = ""
    rule: str = ""
    what: str = ""
    severity: str = ""
    confidence: str = ""
    masked: str = ""
    entropy: float = 0.0
    encoding: str = ""
    places: int = 0
    path: str = ""
    line: int = 0
    column: int = 0
    commit: str = ""
    first_commit: str = ""
    first_author: str = ""
    first_date: str = ""
    last_commit: str = ""
    last_author: str = ""
    last_date: str = ""
    present: bool = False
    live: str = ""
    consumers: str = ""
    reason: str = ""
    problem: bool = False

    @property
    def first(self) -> CommitFact:
        """The commit that brought the value in."""
        return CommitFact(self.first_commit, self.first_author, self.first_date)

    @property
    def last(self) -> CommitFact:
        """The newest commit that holds the value."""
        return CommitFact(self.last_commit, self.last_author, self.last_date)


_KINDS = {"int": "bigint", "float": "double", "bool": "boolean"}


def columns() -> str:
    """Return the columns of a table of rows, as Spark declares them (Spark SQL reference, "DDL")."""
    types = {field.name: field.type for field in msgspec.structs.fields(Row)}
    return ", ".join(f"{name} {_KINDS.get(getattr(kind, '__name__', ''), 'string')}" for name, kind in types.items())


def row_of(repository: str, finding: Finding) -> Row:
    """Return the row of one value.

    Args:
        repository: as the list of repositories names it.
        finding: a finding of a scan of its history.

    Raises:
        ValueError: the finding is about no value.
    """
    leak, origin = finding.leak, finding.origin
    if leak is None or finding.value is None:
        raise ValueError("a finding without a value has no row")
    first, last = leak.first or _NOBODY, leak.last or _NOBODY
    return Row(
        kind="value",
        repository=writable(repository),
        fingerprint=finding.value,
        rule=finding.rule,
        what=leak.what,
        severity=finding.severity.label,
        confidence=finding.confidence.label,
        masked=leak.masked,
        entropy=leak.entropy,
        encoding=leak.encoding,
        places=leak.places,
        path=writable(origin.path),
        line=origin.line,
        column=origin.column,
        commit=origin.commit,
        first_commit=first.id,
        first_author=writable(first.author),
        first_date=first.date,
        last_commit=last.id,
        last_author=writable(last.author),
        last_date=last.date,
        present=bool(leak.present),
        live=writable("; ".join(leak.live)),
        consumers=writable(", ".join(leak.consumers)),
    )


def skipped_row(repository: str, skipped: Skipped) -> Row:
    """Return the row of something that was not read; of the repository as a whole, it names no path."""
    reason = f"{skipped.reason.value}: {skipped.detail}" if skipped.detail else skipped.reason.value
    return Row(
        kind="skipped",
        repository=writable(repository),
        path="" if skipped.path == repository else writable(skipped.path),
        line=skipped.line,
        column=skipped.column,
        reason=writable(reason),
        problem=skipped.problem,
    )


def unreadable(repository: str, detail: str) -> Skipped:
    """Say that a repository could not be read at all."""
    return Skipped(repository, 0, 0, Reason.UNREADABLE, detail)


def severity_of(row: Row) -> Severity:
    """Return the severity of a value's row."""
    return Severity[row.severity.upper()]


def confidence_of(row: Row) -> Confidence:
    """Return the confidence of a value's row."""
    return Confidence[row.confidence.upper()]


def value_of(row: Row) -> Fingerprint:
    """Return the fingerprint of a value's row."""
    return Fingerprint(row.fingerprint)


def json_lines(rows: Iterable[Row]) -> Iterator[str]:
    """Yield one line of JSON for each row (https://jsonlines.org), safe to show in a terminal."""
    for row in rows:
        yield json_text(msgspec.json.encode(row).decode()) + "\n"
