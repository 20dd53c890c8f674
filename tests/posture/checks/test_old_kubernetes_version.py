"""Versions of Kubernetes and their end of life, on given days."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.posture.given import facts_of

from strongroom.inventory.join import build
from strongroom.model.settings import Settings
from strongroom.posture.checks.old_kubernetes_version import CHECK, minor_of


def _found(version: str, today: str) -> list[str]:
    body: dict[str, Any] = {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "ClusterConfiguration",
        "kubernetesVersion": version,
    }
    now = datetime.fromisoformat(today).replace(tzinfo=UTC)
    facts = build(facts_of(body).resources, [], [], Settings(), now)
    return [
        (CHECK.severity if hit.severity is None else hit.severity).label
        for server in facts.control_plane.servers
        for hit in CHECK.examine(server, facts)
    ]


@pytest.mark.parametrize(
    ("version", "today", "expected"),
    [
        ("v1.33.1", "2026-05-01", []),
        ("v1.33.1", "2026-06-10", ["low"]),
        ("v1.33.1", "2026-06-28", ["low"]),
        ("v1.33.1", "2026-06-29", ["medium"]),
        ("v1.33.1", "2027-07-01", ["high"]),
        ("v1.20.15", "2026-05-01", ["high"]),
        ("v1.99.0", "2026-05-01", []),
        ("stable-1", "2026-05-01", []),
    ],
)
def test_ends_of_life(version: str, today: str, expected: list[str]) -> None:
    """A version is fine until a month before its end, then low, after it medium, and high a year later."""
    assert _found(version, today) == expected


@pytest.mark.parametrize(
    ("version", "minor"), [("1.33", 33), ("2.1", None), ("", None), ("1.x", None), ("1.9999", None)]
)
def test_minor_versions(version: str, minor: int | None) -> None:
    """Only a version of Kubernetes 1 has a minor version that is known."""
    assert minor_of(version) == minor
