"""Sentences that several formats share."""

from __future__ import annotations

from strongroom.model.finding import Finding


def sentence(finding: Finding) -> str:
    """Return the message with its object in front, unless the message names the object itself. Not sanitised."""
    resource, message = finding.resource, finding.message.lower()
    if resource is None or f"{resource.kind} {resource.name}".lower() in message or resource.show().lower() in message:
        return finding.message
    return f"{resource.show().rstrip()}: {finding.message}"


def plural(number: int, one: str, many: str = "") -> str:
    """Return ``1 file``, ``2 files``, ``1,200 files``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
