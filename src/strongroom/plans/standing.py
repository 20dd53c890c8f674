"""Where the plans of a machine stand, and how one is found again by its digest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from strongroom.errors import PlanError
from strongroom.model.plan import PlanStanding
from strongroom.plans.journal import Found, folder_of, found
from strongroom.plans.saved import digest


def standings(state: Path) -> Iterator[PlanStanding]:
    """Yield where each plan stands that was begun here, the one that was last worked on first."""
    for one in found(state):
        if not one.states and not one.running:
            continue
        at = 0 if one.running and not one.states else one.at
        yield PlanStanding(
            digest=digest(one.plan),
            summary=one.plan.summary,
            tool=one.plan.tool,
            created=one.plan.created,
            root="" if one.root is None else str(one.root),
            state=_state(one),
            done=one.done,
            steps=len(one.plan.steps),
            at=0 if at is None else at + 1,
            title="" if at is None else one.plan.steps[at].title,
            changed=datetime.fromtimestamp(one.changed, UTC).isoformat(timespec="seconds"),
        )


def begun(state: Path, digits: str, root: Path | None) -> Found:
    """Return the plan that was begun here and whose digest begins with some digits; its folder is known.

    Args:
        state: the folder in which journals lie.
        digits: the beginning of its digest.
        root: the folder that it is for, where the user names it.

    Raises:
        PlanError: there is none, there are several, or nobody says which folder it is for.
    """
    named = [one for one in found(state) if digest(one.plan).startswith(digits)]
    if root is not None:
        named = [one._replace(root=root) for one in named if one.folder == folder_of(state, one.plan, root)]
    if not named:
        raise PlanError(f"no plan {digits} was begun here", hint="strongroom plan list --all names those that were")
    if len({digest(one.plan) for one in named}) > 1:
        raise PlanError(f"several plans begin with {digits}", hint="strongroom plan list --all names them")
    if len(named) > 1 or named[0].root is None:
        raise PlanError(f"plan {digits} is for a folder that is not known", hint="--root names it")
    return named[0]


def _state(one: Found) -> str:
    if one.running and (one.at is not None or not one.states):
        return "running"
    if not one.begun:
        return "undone"
    if one.undoing:
        return "undoing"
    return "done" if one.finished else "stopped"
