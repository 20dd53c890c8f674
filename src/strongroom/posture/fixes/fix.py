"""The contract of a fix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from strongroom.model.finding import Finding
from strongroom.model.resource import Resource
from strongroom.posture.fixes.bench import Bench


class Mended(msgspec.Struct, frozen=True):
    """What a fix did on the bench.

    Attributes:
        title: what it does, for people, as the title of a step.
        unsafe: why it could change how a program behaves, once what is to be done by hand is done; empty where it does
            not.
        unseen: True where that is so only if something relies on it that the sources do not show: where they are said
            to show everything, the fix is safe.
        question: the decision that an unsafe fix comes down to; empty for the one that its findings do
            (`strongroom.posture.fixes.decisions`).
        notes: what it cannot know, a sentence each.
        to_do: what has to be done by hand before the changed files are rolled out.
        settles: the findings that it is about, where it is not about all that it was given; it is given the others
            again.
    """

    title: str
    unsafe: str = ""
    unseen: bool = False
    question: str = ""
    notes: tuple[str, ...] = ()
    to_do: tuple[str, ...] = ()
    settles: tuple[Finding, ...] = ()


class Left(msgspec.Struct, frozen=True):
    """Why a finding is left to a person: what stands in the way, as a clause."""

    why: str


Outcome: TypeAlias = Mended | Left


class Fix(msgspec.Struct, frozen=True):
    """One fix. Declared once, as ``FIX``, at the end of its file.

    Attributes:
        checks: ids of the checks whose findings it mends.
        mend: changes the bench, given findings of one object, or says why not. What it changed before it said why not
            is forgotten.
        together: True where it is given all the findings of one object at once.
        instead: ids of lesser findings that may stand in the place of the mended one.
    """

    checks: tuple[str, ...]
    mend: Callable[[Sequence[Finding], Resource, Bench], Outcome]
    together: bool = False
    instead: tuple[str, ...] = ()
