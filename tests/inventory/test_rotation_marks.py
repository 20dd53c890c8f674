"""Times that an object tells of itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.inventory.rotation_marks import ROTATED_AT, created, last_change, read_time
from strongroom.model.origin import Origin
from strongroom.model.resource import Resource

DAY = datetime(2024, 5, 1, 12, tzinfo=UTC)


def secret(
    *,
    annotations: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
    kind: str = "Secret",
    body: dict[str, Any] | None = None,
) -> Resource:
    """Make an object with what a test is about."""
    origin = Origin("dump.yaml", "dump.yaml", 0)
    return Resource("v1", kind, "shop", "database", labels or {}, annotations or {}, body or {}, origin)


def managed(*entries: object) -> dict[str, Any]:
    """Make the body of an object with entries of ``managedFields``."""
    return {"metadata": {"managedFields": list(entries)}}


@pytest.mark.parametrize(
    "key",
    [
        ROTATED_AT,
        "auth.openshift.io/certificate-not-before",
        "team.example/last-rotated",
        "rotatedAt",
        "password_last_rotated_at",
        "vault.example/secret-rotation-time",
    ],
)
def test_annotations_that_mark_a_rotation(key: str) -> None:
    """Marks of tools, and what teams call their own, are known, and the evidence names them."""
    found = last_change(secret(annotations={key: "2024-05-01T12:00:00Z"}))
    assert found == (DAY, f"annotation {key}")


@pytest.mark.parametrize(
    "key",
    ["team.example/next-rotation", "rotate-after", "rotation-period", "kubectl.kubernetes.io/restartedAt", "updated"],
)
def test_annotations_that_mark_something_else(key: str) -> None:
    """The time of the next rotation, and of anything else, is no last change."""
    assert last_change(secret(annotations={key: "2024-05-01T12:00:00Z"})) is None


def test_label_in_seconds() -> None:
    """Gardener's label, which holds seconds since 1970, is read."""
    found = last_change(secret(labels={"issued-at-time": "1714564800"}))
    assert found == (DAY, "label issued-at-time")


def test_mark_without_a_time() -> None:
    """A mark whose value is no time tells nothing."""
    assert last_change(secret(annotations={ROTATED_AT: "yesterday"})) is None


def test_managed_fields_that_own_data() -> None:
    """The manager that owns data tells when it last wrote; one that owns only metadata does not."""
    body = managed(
        {"manager": "kubectl", "time": "2024-05-01T12:00:00Z", "fieldsV1": {"f:data": {"f:password": {}}}},
        {"manager": "labeller", "time": "2024-09-01T12:00:00Z", "fieldsV1": {"f:metadata": {"f:labels": {}}}},
    )
    assert last_change(secret(body=body)) == (DAY, "managedFields of kubectl")


def test_latest_mark_counts() -> None:
    """Of several marks the latest counts."""
    body = managed({"manager": "helm", "time": "2024-05-01T12:00:00Z", "fieldsV1": {"f:data": {}}})
    found = last_change(secret(annotations={ROTATED_AT: "2023-01-01T00:00:00Z"}, body=body))
    assert found == (DAY, "managedFields of helm")


def test_status_of_a_certificate() -> None:
    """A Certificate of cert-manager tells when the present one was issued."""
    found = last_change(secret(kind="Certificate", body={"status": {"notBefore": "2024-05-01T12:00:00Z"}}))
    assert found == (DAY, "status.notBefore")


def test_creation() -> None:
    """An object from a cluster tells when it was made; a manifest does not."""
    assert created(secret(body={"metadata": {"creationTimestamp": "2024-05-01T12:00:00Z"}})) == DAY
    assert created(secret(body={"metadata": {"creationTimestamp": None}})) is None
    assert created(secret()) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-05-01T12:00:00Z", DAY),
        ("2024-05-01T14:00:00+02:00", DAY),
        ("2024-05-01T12:00:00.000000", DAY),
        ("2024-05-01", datetime(2024, 5, 1, tzinfo=UTC)),
        ("1714564800", DAY),
        ("1714564800000", DAY),
        (datetime(2024, 5, 1, 12), DAY),  # noqa: DTZ001 - what a YAML loader gives for a time without a zone
        ("17145648", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("٢٠٢٤-05-01", None),
        ("2024-05-01" * 10, None),
        (1714564800, None),
        (None, None),
    ],
)
def test_times(value: object, expected: datetime | None) -> None:
    """Times are read in the forms that tools write, and nothing else is a time."""
    assert read_time(value) == expected


KEYS = [
    "metadata",
    "managedFields",
    "fieldsV1",
    "f:data",
    "time",
    "manager",
    "creationTimestamp",
    "status",
    "notBefore",
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["", "kubectl", "1714564800", "0001-01-01T00:00:00+14:00"])
    | st.datetimes().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_hostile_shapes_raise_nothing(body: dict[str, Any]) -> None:
    """Whatever stands where marks are looked for, nothing is raised."""
    resource = secret(kind="Certificate", body=body)
    last_change(resource)
    created(resource)
