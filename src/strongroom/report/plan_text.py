"""A plan as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from strongroom.model.plan import Plan, StepView
from strongroom.report.sanitise import json_text, line

_PATH, _LONG = 4096, 100_000


def as_text(plan: Plan, views: Sequence[StepView], digest: str) -> Iterator[str]:
    """Yield a plan for people: each step with its diff, what is left to them, and what identifies the plan."""
    yield f"{line(plan.summary)}\n"
    for number, view in enumerate(views, 1):
        yield f"\n{number}. {line(view.title)}\n"
        if view.unsafe:
            yield f"   unsafe: {line(view.unsafe)}\n"
        for text in view.diff:
            yield f"{line(text, _LONG).rstrip()}\n"
    if plan.notes:
        yield "\nLeft to you:\n"
        for note in plan.notes:
            yield f"- {line(note)}\n"
    yield f"\nplan {digest}\nmade by {line(plan.tool)} at {line(plan.created)}\n"


def as_json(plan: Plan, views: Sequence[StepView], digest: str) -> Iterator[str]:
    """Yield a plan as one JSON object: ``digest``, ``summary``, ``notes``, ``steps`` with ``diff`` as lines."""
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
