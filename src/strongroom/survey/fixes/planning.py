"""The wiring of ``strongroom fix``: from findings to one plan, and after it the same audit again.

Fixes are planned on the files as they are written: what kustomize or helm makes of them is mended where it comes from.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from strongroom.errors import UsageError
from strongroom.leaks.recognise import Recogniser, started
from strongroom.posture.fixes import FIXES, unneeded_rights
from strongroom.survey.fixes.destination import destination
from strongroom.survey.fixes.live import is_live, plan_live
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
    made = Making(known, request, Path(root), wanted)
    made.note(why)
    for fix in FIXES:
        made.mend(fix, report.findings)
    made.mend_loose(report.findings)
    made.mend_files(report.findings)
    made.limit_roles(report.findings)
    made.mend(unneeded_rights.FIX, made.unlimited(report.findings))
    if wanted.to == "sops":
        made.encrypt(report.findings)
    if wanted.to in ("sops", "secret"):
        made.complete(report.findings)
    elif wanted.to in ("sealed", "external"):
        made.replace(report.findings)
    made.note_templates(report)
    return made.planned(report, root)


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
