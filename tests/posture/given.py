"""Facts from manifests as Python values, for tests of questions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import yaml

from strongroom.inventory.join import build
from strongroom.model.facts import Facts
from strongroom.model.origin import Origin
from strongroom.model.settings import Settings
from strongroom.sources.objects import objects_in

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def facts_of(*bodies: Any, settings: Settings | None = None) -> Facts:
    """Join objects, each of its own file ``N.yaml`` in one folder."""
    resources = [
        resource
        for index, body in enumerate(bodies)
        for resource in objects_in(body, Origin("in", f"in/{index}.yaml", 0))
    ]
    return build(resources, [], [], settings or Settings(), NOW)


def read(manifests: str, settings: Settings | None = None) -> Facts:
    """Join the documents of a text."""
    return facts_of(*yaml.safe_load_all(manifests), settings=settings)


def pod(spec: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """Make a Pod of a spec."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "api", "namespace": "shop", **metadata},
        "spec": spec,
    }
