"""What the exit code of a run says, in words that every format shares."""

from __future__ import annotations

from strongroom.model.report import Report
from strongroom.model.skipped import Reason, Skipped
from strongroom.report.wording import plural

CLEAN, FOUND, INCOMPLETE = 0, 1, 2


def defects(report: Report) -> list[Skipped]:
    """Return where checks broke off (the detail starts with the check's id): such a run is incomplete."""
    return [skip for skip in sorted(report.skipped) if skip.reason is Reason.CHECK_FAILED]


def exit_code(report: Report, *, strict: bool = False) -> int:
    """Return 2 where the run is incomplete (``strict``: or anything was not read), 1 where it fails, else 0."""
    if defects(report) or (strict and any(skip.problem for skip in report.skipped)):
        return INCOMPLETE
    return FOUND if report.failed else CLEAN


def explained(report: Report, *, strict: bool = False) -> str:
    """Return the exit code and its reason in one sentence."""
    code, level = exit_code(report, strict=strict), report.fail_on.label
    broken = {skip.detail.partition(":")[0] for skip in defects(report)}
    if broken:
        return f"Exit {code}: {plural(len(broken), 'check')} broke off."
    if code == INCOMPLETE:
        return f"Exit {code}: not everything could be read."
    if code == FOUND:
        return f"Exit {code}: {level} or worse was found."
    return f"Exit {code}: nothing {level} or worse." if report.findings else f"Exit {code}."
