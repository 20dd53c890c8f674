"""What a fixing run says: what it changes, what it leaves, and to whom."""

from __future__ import annotations

import msgspec

from strongroom.model.finding import Finding
from strongroom.model.plan import Plan, StepView


class Mending(msgspec.Struct, frozen=True):
    """One change and the findings that it mends.

    Attributes:
        title: what it does.
        findings: what it mends.
        files: what it touches, as reports show their paths.
        unsafe: why it could change how a program behaves; empty where it does not.
        unseen: True where that is so only if something relies on it that the sources do not show.
        who: who decides on it where it is unsafe.
        decision: the question that it answers, as `Remaining.decision`.
    """

    title: str
    findings: tuple[Finding, ...]
    files: tuple[str, ...] = ()
    unsafe: str = ""
    unseen: bool = False
    who: str = ""
    decision: str = ""


class Remaining(msgspec.Struct, frozen=True):
    """A finding that is left: why, who decides, and the decision that it shares with others."""

    finding: Finding
    why: str
    who: str
    decision: str = ""


class FixPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What would be done.

    Attributes:
        root: the folder that the plan is for, as the user may write it.
        mended: what the plan does.
        offered: what it would do too if unsafe fixes were wanted.
        left: what a person has to do.
        exposed: how many different secret values stand in plain text, those that stay included: they are to be rotated.
        plan: the steps; none where there is nothing to do.
        views: of each step, its diff.
        notes: what the fixes cannot know, a sentence each.
        to_do: what has to be done by hand before the changed files are rolled out.
    """

    tool: str
    sources: tuple[str, ...]
    created: str
    root: str
    mended: tuple[Mending, ...]
    offered: tuple[Mending, ...]
    left: tuple[Remaining, ...]
    exposed: tuple[Finding, ...]
    plan: Plan
    views: tuple[StepView, ...] = ()
    notes: tuple[str, ...] = ()
    to_do: tuple[str, ...] = ()


class Proof(msgspec.Struct, frozen=True):
    """The same audit, asked again after the plan.

    Attributes:
        gone: findings that are no longer there.
        instead: lesser ones that a fix is known to put in the place of what it mends; they are left to people too.
        fresh: any other that was not there before: there should be none.
        remaining: findings that were there before.
        renamed: by the fingerprint before, those of them that are another finding now: of another kind or place.
        kept: how many containers were compared.
        lost: what one of them no longer gets as it did; only unsafe fixes may cause any.
        damage: what must not be: a loss by no unsafe fix, a reference that leads nowhere.
    """

    gone: tuple[Finding, ...]
    instead: tuple[Remaining, ...]
    fresh: tuple[Finding, ...]
    remaining: tuple[Finding, ...]
    renamed: dict[str, Finding] = {}
    kept: int = 0
    lost: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()
