"""``strongroom scan --audit-baseline``: go through the values that are undecided, expired or new, in a terminal."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import click
import msgspec

from strongroom.cli.scan_options import Accepting, author, read_date
from strongroom.errors import UsageError
from strongroom.model.decision import Decision
from strongroom.report.sanitise import line

if TYPE_CHECKING:
    from strongroom.survey.leak_baseline import Entry, Known, LeakBaseline
    from strongroom.survey.scanning.accept import Acceptance
    from strongroom.survey.scanning.hit import Hit

_KEYS = "[a]ccept  [r]eal  [s]kip  [d]rop  [q]uit"
_DAYS = re.compile(r"(\d{1,4})d")


def audit_baseline(chosen: Accepting, key: bytes, acceptance: Acceptance) -> int:
    """Ask a person about every undecided value; the file is written after each answer. Return the exit code.

    Raises:
        UsageError: nobody is there to ask, or there is no baseline.
        OutputError: the file cannot be written.
    """
    from strongroom.survey.leak_baseline import LeakBaseline

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("--audit-baseline asks questions and needs a terminal", hint="--write-baseline --reason TEXT")
    if not chosen.file.exists():
        raise UsageError(f"baseline {chosen.file} does not exist", hint=f"--write-baseline={chosen.file} makes it")
    baseline = LeakBaseline.load(chosen.file, key)
    found = _by_known(acceptance)
    new = [entry for entry in acceptance.entries(acceptance.hits) if entry.known not in baseline.entries]
    expired = baseline.expired(datetime.now(UTC).date())
    open_ = [
        *baseline.undecided(),
        *expired,
        *sorted(new, key=lambda one: (one.path, one.rule, one.fingerprint)),
    ]
    for number, entry in enumerate(open_, start=1):
        _show(entry, found.get(entry.known, ()), f"{number} of {len(open_)}", is_new=entry in new)
        answer = _decide(baseline, entry)
        if answer is None:
            break
        if answer is not baseline:
            baseline = answer
            baseline.write(chosen.file)
    left = len(baseline.undecided())
    click.echo(f"{chosen.file}: {len(baseline.entries)} known, {left} undecided")
    return 0


def _by_known(acceptance: Acceptance) -> dict[Known, list[Hit]]:
    from strongroom.survey.leak_baseline import Known

    found: dict[Known, list[Hit]] = {}
    for hit in acceptance.hits:
        found.setdefault(Known(hit.fingerprint, acceptance.path(hit.origin)), []).append(hit)
    return found


def _show(entry: Entry, hits: Iterable[Hit], counted: str, *, is_new: bool) -> None:
    """Show what is known of a value: where it is, what it is, the line with the value masked. Never the value."""
    places = list(hits)
    click.echo(f"\n{counted}  {line(entry.rule)}  fp:{entry.fingerprint[:8]}{'  new' if is_new else ''}")
    if entry.expires:
        click.echo(f"  accepted until {entry.expires}: {line(entry.reason)}")
    for hit in places[:5]:
        commit = f"  commit {hit.origin.commit[:12]}" if hit.origin.commit else ""
        click.echo(f"  {line(hit.origin.show())}{commit}")
    if len(places) > 5:
        click.echo(f"  and {len(places) - 5} more places")
    if not places:
        click.echo(f"  {line(entry.path)}: no longer found in what was scanned")
        return
    first = places[0]
    click.echo(f"  {line(first.what)} {first.masked}, {first.confidence.label} confidence, entropy {first.entropy}")
    if first.frame:
        click.echo(f"  {first.origin.line} | {line(first.frame)}")


def _decide(baseline: LeakBaseline, entry: Entry) -> LeakBaseline | None:
    """Return the baseline after one answer; None to stop."""
    while True:
        answer = _asked(_KEYS).lower()[:1]
        if answer == "q":
            return None
        if answer == "s":
            return baseline
        if answer == "d":
            return baseline.without(entry.known)
        if answer == "r":
            return baseline.deciding(_decided(entry, Decision.REAL, _asked("note (may be empty)"), ""))
        if answer == "a":
            reason = _until("reason", _given)
            expires = _until("until (2027-01-31, 90d, empty for always)", _expiry)
            return baseline.deciding(_decided(entry, Decision.ACCEPTED, reason, expires))


def _decided(entry: Entry, decision: Decision, reason: str, expires: str) -> Entry:
    return msgspec.structs.replace(entry, decision=decision, reason=reason, author=author(), expires=expires)


def _until(question: str, read: Callable[[str], str]) -> str:
    while True:
        try:
            return read(_asked(question))
        except UsageError as error:
            click.echo(f"{error.message}{': ' + error.hint if error.hint else ''}")


def _given(text: str) -> str:
    if not text:
        raise UsageError("a value is accepted only with a reason")
    return text


def _expiry(text: str) -> str:
    if not text:
        return ""
    today = datetime.now(UTC).date()
    days = _DAYS.fullmatch(text)
    day: date = today + timedelta(days=int(days[1])) if days else read_date(text)
    if day < today:
        raise UsageError("that day has passed")
    return day.isoformat()


def _asked(question: str) -> str:
    """Ask on the terminal; the end of input is an answer too: to stop."""
    click.echo(f"{question}: ", nl=False)
    answer = sys.stdin.readline()
    if not answer:
        raise click.Abort
    return answer.strip()
