"""Sentences that several formats share."""

from __future__ import annotations

from strongroom.model.finding import Finding


def sentence(finding: Finding) -> str:
    """Return the message with its object in front, unless the message names the object itself. Not sanitised."""
    resource = finding.resource
    if resource is None or f"{resource.kind} {resource.name}" in finding.message or resource.show() in finding.message:
        return finding.message
    return f"{resource.show()}: {finding.message}"


def plural(number: int, one: str, many: str = "") -> str:
    """Return ``1 file``, ``2 files``, ``1,200 files``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
