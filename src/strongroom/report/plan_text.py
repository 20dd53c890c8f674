"""A plan as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from strongroom.model.plan import Plan, PlanStanding, StepView
from strongroom.report.sanitise import json_text, line
from strongroom.report.terminal import Terminal
from strongroom.report.text_layout import Layout

_PATH, _LONG = 4096, 100_000
_DIGITS = 12
_STATES = {
    "running": "a process is at it, step {at} of {steps}: {title}",
    "stopped": "stopped at step {at} of {steps}: {title}",
    "undoing": "stopped on the way back at step {at} of {steps}: {title}",
    "done": "done, {steps} of {steps} steps",
    "undone": "gone back on",
}


def as_text(plan: Plan, views: Sequence[StepView], digest: str, terminal: Terminal | None = None) -> Iterator[str]:
    """Yield a plan for people: each step with its diff, what is left to them, and what identifies the plan."""
    layout = Layout(terminal or Terminal())
    yield layout.put(line(plan.summary))
    for number, view in enumerate(views, 1):
        yield "\n"
        yield layout.put(line(view.title), lead=f"{number}. ")
        if view.unsafe:
            yield layout.put(f"unsafe: {line(view.unsafe)}", lead="   ")
        # A diff is what a program may be given, so its lines stay whole.
        for text in view.diff:
            yield f"{line(text, _LONG).rstrip()}\n"
        for text in view.said:
            yield layout.put(line(text), lead="   ")
    if plan.notes:
        yield "\nLeft to you:\n"
        for note in plan.notes:
            yield layout.put(line(note), lead="- ")
    yield f"\nplan {digest}\nmade by {line(plan.tool)} at {line(plan.created)}\n"


def as_json(plan: Plan, views: Sequence[StepView], digest: str) -> Iterator[str]:
    """Yield a plan as one JSON object: ``digest``, ``summary``, ``notes``, ``steps`` with ``diff`` and ``said``."""
    body = {
        "digest": digest,
        "tool": plan.tool,
        "created": plan.created,
        "summary": plan.summary,
        "notes": plan.notes,
        "steps": views,
    }
    text = msgspec.json.format(msgspec.json.encode(body), indent=2).decode()
    yield json_text(text) + "\n"


def list_as_text(standings: Sequence[PlanStanding]) -> Iterator[str]:
    """Yield where plans stand, for people: what commands call each, what it is, and what comes next."""
    for number, one in enumerate(standings):
        said = _STATES[one.state].format(at=one.at, steps=one.steps, title=one.title)
        if number:
            yield "\n"
        yield f"{one.digest[:_DIGITS]}  {line(one.summary)}\n"
        yield f"  {line(said)}\n"
        where = f"for {one.root}" if one.root else "for a folder that --root names"
        yield f"  {line(where, _PATH)}; made by {line(one.tool)} at {line(one.created)}\n"


def list_as_json(standings: Sequence[PlanStanding]) -> Iterator[str]:
    """Yield where plans stand as one JSON array."""
    yield json_text(msgspec.json.format(msgspec.json.encode(standings), indent=2).decode()) + "\n"
