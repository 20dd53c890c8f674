"""The wiring of ``strongroom fix``: from findings to one plan, and after it the same audit again.

Fixes are planned on the files as they are written: what kustomize or helm makes of them is mended where it comes from.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from strongroom.errors import UsageError
from strongroom.leaks.recognise import Recogniser, started
from strongroom.model.report import Report
from strongroom.posture.fixes import FIXES, unneeded_rights
from strongroom.survey.fixes.destination import destination
from strongroom.survey.fixes.live import is_live, plan_live
from strongroom.survey.fixes.losses import LossError
from strongroom.survey.fixes.making import Making
from strongroom.survey.fixes.wanted import Planned, Wanted
from strongroom.survey.run import Known, Request, answer, look

__all__ = ("Planned", "Wanted", "plan_fixes", "root_of")


def plan_fixes(request: Request, wanted: Wanted, recogniser: Recogniser | None = None) -> Planned:
    """Read the sources as plain files, and plan what can be mended.

    Raises:
        StrongroomError: a source cannot be read at all.
        PlanError: the plan would change what a container is given by a fix that must not.
    """
    if is_live(request):
        return plan_live(request, wanted, recogniser)
    recogniser = recogniser or started()
    plainly = msgspec.structs.replace(request, render=False)
    known = look(plainly, recogniser=recogniser)
    report = answer(plainly, known, recogniser)
    root = root_of(wanted.root, known)
    why = ""
    if not wanted.to:
        to, why = destination(known.facts, report.findings, os.environ)
        wanted = msgspec.structs.replace(wanted, to=to)
    refused: dict[str, str] = {}
    while True:
        try:
            return _planned(_Task(known, request, report, wanted, root, why), refused)
        except LossError as loss:
            # One fix that cannot be made leaves the others as they are.
            if not loss.blamed - refused.keys():
                raise
            refused |= dict.fromkeys(loss.blamed, loss.why)


class _Task(NamedTuple):
    """What a plan is made of; ``why`` says where values go."""

    known: Known
    request: Request
    report: Report
    wanted: Wanted
    root: str
    why: str


def _planned(task: _Task, refused: Mapping[str, str]) -> Planned:
    findings, to = task.report.findings, task.wanted.to
    made = Making(task.known, task.request, Path(task.root), task.wanted, refused)
    made.note(task.why)
    for fix in FIXES:
        made.mend(fix, findings)
    made.mend_loose(findings)
    made.mend_files(findings)
    made.limit_roles(findings)
    made.mend(unneeded_rights.FIX, made.unlimited(findings))
    if to == "sops":
        made.encrypt(findings)
    if to in ("sops", "secret"):
        made.complete(findings)
    elif to in ("sealed", "external"):
        made.replace(findings)
    made.note_templates(task.report)
    return made.planned(task.report, task.root)


def root_of(asked: str, known: Known) -> str:
    """Return the folder of a plan: the one that was asked for, the current one, or what holds every file.

    Raises:
        UsageError: the files have no folder in common.
    """
    if asked:
        return asked
    paths = {Path(r.origin.path).absolute() for r in known.facts.resources if r.origin.path and not r.origin.object}
    here = Path.cwd()
    if all(path.is_relative_to(here) for path in paths):
        return "."
    try:
        return os.path.commonpath([str(path.parent) for path in paths])
    except ValueError:
        raise UsageError(
            "the sources have no folder in common", hint="--root names the one that the plan is for"
        ) from None
