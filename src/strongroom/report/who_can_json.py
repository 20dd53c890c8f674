"""Who may do one thing, for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strongroom.model.holders import Grounds, Holder, HoldersReport, Place
from strongroom.model.rbac import Subject
from strongroom.report.json import dump


def render(report: HoldersReport) -> Iterator[str]:
    """Yield the JSON document; the same report gives the same text."""
    asked = report.asked
    yield dump(
        {
            "tool": report.tool,
            "created": report.created,
            "sources": report.sources,
            "question": {
                "verb": asked.verb,
                "group": asked.group,
                "resource": asked.resource,
                "name": asked.name,
                "namespaces": asked.namespaces,
                "path": asked.path,
            },
            "holders": [_holder(holder) for holder in report.holders],
            "refused": [{"object": found.show(), "reason": reason} for found, reason in report.refused],
            "dangling": [found.show() for found in report.dangling],
            "notes": report.notes,
            "unread": [
                {"path": one.path, "reason": one.reason.value, "detail": one.detail}
                for one in report.skipped
                if one.problem
            ],
        }
    )


def _holder(holder: Holder) -> dict[str, Any]:
    return {
        **_subject(holder.subject),
        "standsFor": holder.stands_for,
        "members": [_subject(member) for member in holder.members],
        "controlPlane": holder.control_plane,
        "grounds": [_grounds(one) for one in holder.grounds],
    }


def _subject(subject: Subject) -> dict[str, str]:
    return {"kind": subject.kind, "namespace": subject.namespace, "name": subject.name}


def _grounds(one: Grounds) -> dict[str, Any]:
    return {
        "namespace": one.namespace,
        "names": one.names,
        "limit": one.limit,
        "binding": _place(one.binding),
        "role": _place(one.role),
    }


def _place(place: Place) -> dict[str, Any]:
    found = place.resource
    where = {"kind": found.kind, "namespace": found.namespace, "name": found.name, "supposed": place.supposed}
    if place.supposed:
        return where
    return {**where, "place": place.origin.show(), "field": place.origin.field}
