"""What the checks on namespaces share."""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.resource import Resource
from strongroom.posture.grants import SYSTEM_NAMESPACES


def namespaces_with_secrets(facts: Facts) -> Iterator[Resource]:
    """Yield the Namespace objects in which a Secret is defined, or used by something; those of the system left out."""
    holding = {record.ref.namespace for record in facts.secrets}
    holding.update(consumer.resource.namespace for record in facts.secrets for consumer in record.consumers)
    for resource in facts.of_kind("Namespace"):
        if resource.api_version == "v1" and resource.name in holding - SYSTEM_NAMESPACES:
            yield resource
