"""What the checks of age have in common."""

from __future__ import annotations

from datetime import datetime, timedelta

from strongroom.inventory.rotation_marks import created, last_change
from strongroom.model.facts import Facts
from strongroom.model.origin import FieldPath
from strongroom.model.resource import Resource, as_dict, as_text
from strongroom.posture.grants import SYSTEM_NAMESPACES
from strongroom.posture.secret_records import MADE_BY_MACHINES, is_public, record_of

_AT_ONCE = timedelta(minutes=5)


def ages(resource: Resource, facts: Facts) -> bool:
    """Tell whether age is a fault of an object: a Secret that a person looks after, without an end of its own."""
    if resource.kind != "Secret" or resource.group or resource.namespace in SYSTEM_NAMESPACES:
        return False
    if as_text(resource.body.get("type")) in MADE_BY_MACHINES:
        return False
    record = record_of(resource, facts)
    keys = [key for definition in record.definitions for key in definition.keys] if record else []
    return not is_public(record) and not any(key.certificate for key in keys)


def never_changed(resource: Resource) -> bool:
    """Tell whether the last known change of an object is its creation."""
    made, change = created(resource), last_change(resource)
    return made is not None and change is not None and change[0] - made <= _AT_ONCE


def is_too_old(since: datetime, facts: Facts) -> bool:
    """Tell whether a time is longer ago than the settings allow a secret to live."""
    return facts.now - since > timedelta(days=facts.settings.max_secret_age_days)


def age_field(resource: Resource, evidence: str) -> FieldPath:
    """Return the field that shows an age: the mark that tells it, else the time of creation, else the name."""
    where, _, key = evidence.partition(" ")
    part = {"annotation": "annotations", "label": "labels"}.get(where)
    if part:
        return ("metadata", part, key)
    written = as_dict(resource.body.get("metadata")).get("creationTimestamp")
    return ("metadata", "creationTimestamp" if written else "name")
