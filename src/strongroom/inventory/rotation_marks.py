"""When an object was made and when its contents last changed, as far as the object itself tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from strongroom.model.resource import Resource, as_dict, as_list, as_text

ROTATED_AT = "strongroom.dev/rotated-at"
"""The annotation that our own rotation writes: RFC 3339."""

_TOOL_MARKS = (
    "auth.openshift.io/certificate-not-before",  # openshift/library-go pkg/operator/certrotation
    "issued-at-time",  # gardener/gardener pkg/utils/secrets/manager: a label, in seconds since 1970
    "last-rotation-initiation-time",
)

# What teams call their own mark: team.example/last-rotated, rotatedAt, password_last_rotated_at …
_NAMED_LIKE_A_MARK = re.compile(r"(last)?(rotated|rotation)(at|on|time|date|timestamp)?")
_NOT_LETTERS = re.compile(r"[^a-z]")
_PREFIXES = ("secret", "password", "credentials", "credential", "key", "token", "certificate")

_STATUS_MARKS: dict[str, tuple[str, ...]] = {
    "Certificate": ("notBefore",),  # cert-manager.io/v1: when the present certificate was issued
}

_SECONDS, _MILLISECONDS = 10, 13  # digits of a time since 1970 for any year from 2001 to 2286
_LONGEST_TIME = 40


def last_change(resource: Resource) -> tuple[datetime, str] | None:
    """Return when the contents last changed and what tells it; None where nothing does.

    Knows the marks of rotation that tools write as annotations or labels, and ``managedFields`` entries that own data
    (https://kubernetes.io/docs/reference/using-api/server-side-apply/). The latest of them counts. A manager's entry
    may be newer than the last change of a value, never older.
    """
    return max((*_marks(resource), *_managed(resource), *_status(resource)), default=None)


def created(resource: Resource) -> datetime | None:
    """Return when the API server made the object; None for a manifest that was never in a cluster."""
    return read_time(as_dict(resource.body.get("metadata")).get("creationTimestamp"))


def read_time(value: Any) -> datetime | None:
    """Read RFC 3339, a date, or seconds or milliseconds since 1970; None for anything else. No zone means UTC."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    text = as_text(value).strip()
    if not text or len(text) > _LONGEST_TIME or not text.isascii():
        return None
    if text.isdigit():
        if len(text) not in (_SECONDS, _MILLISECONDS):
            return None
        return datetime.fromtimestamp(int(text) // (1000 if len(text) == _MILLISECONDS else 1), UTC)
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):  # the first and last hours of the calendar have no UTC
        return None


def _marks(resource: Resource) -> Iterator[tuple[datetime, str]]:
    for where, entries in (("annotation", resource.annotations), ("label", resource.labels)):
        for key, value in entries.items():
            if key == ROTATED_AT or key in _TOOL_MARKS or _looks_like_a_mark(key):
                time = read_time(value)
                if time:
                    yield time, f"{where} {key}"


def _looks_like_a_mark(key: str) -> bool:
    name = _NOT_LETTERS.sub("", key.rpartition("/")[2].lower())
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return _NAMED_LIKE_A_MARK.fullmatch(name) is not None


def _managed(resource: Resource) -> Iterator[tuple[datetime, str]]:
    for entry in map(as_dict, as_list(as_dict(resource.body.get("metadata")).get("managedFields"))):
        fields = as_dict(entry.get("fieldsV1"))
        if "f:data" in fields or "f:stringData" in fields:
            time = read_time(entry.get("time"))
            if time:
                yield time, f"managedFields of {as_text(entry.get('manager')) or 'an unnamed manager'}"


def _status(resource: Resource) -> Iterator[tuple[datetime, str]]:
    status = as_dict(resource.body.get("status"))
    for field in _STATUS_MARKS.get(resource.kind, ()):
        time = read_time(status.get(field))
        if time:
            yield time, f"status.{field}"
