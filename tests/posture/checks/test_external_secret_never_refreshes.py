"""Which intervals and policies mean never."""

from __future__ import annotations

from typing import Any

import pytest
from tests.posture.given import facts_of

from strongroom.posture.checks.external_secret_never_refreshes import examine


def fields(spec: dict[str, Any], api: str = "external-secrets.io/v1") -> list[tuple[str | int, ...]]:
    """Return the fields that an ExternalSecret is found at."""
    data = [{"secretKey": "password", "remoteRef": {"key": "shop"}}]
    facts = facts_of(
        {"apiVersion": api, "kind": "ExternalSecret", "metadata": {"name": "x"}, "spec": {"data": data, **spec}}
    )
    return [hit.origin.field for hit in examine(facts.resources[0], facts)]


@pytest.mark.parametrize("interval", ["0", "0s", "0m", "0h0m0s", "+0s", "0.0s", 0])
def test_zero(interval: object) -> None:
    """Every way in which Go writes a duration of zero means never."""
    assert fields({"refreshInterval": interval}) == [("spec", "refreshInterval")]


@pytest.mark.parametrize(
    "interval", ["1h", "10s", "0h0m30s", "0.5s", "00", "", None, "0 hours", False, [0], "{{ .x }}"]
)
def test_not_zero(interval: object) -> None:
    """Any other duration, and what is no duration at all, is no finding."""
    assert fields({"refreshInterval": interval}) == []


def test_policy_counts_before_the_interval() -> None:
    """A policy that reads once makes the interval meaningless, so that the policy is shown."""
    assert fields({"refreshInterval": "0", "refreshPolicy": "OnChange"}) == [("spec", "refreshPolicy")]
    assert fields({"refreshInterval": "1h", "refreshPolicy": "Periodic"}) == []


def test_generators() -> None:
    """A generator of new passwords is rightly read once; one of tokens that expire is not."""

    def generated(kind: str) -> dict[str, Any]:
        source = {"sourceRef": {"generatorRef": {"kind": kind, "name": "g"}}}
        return {"data": [], "dataFrom": [source], "refreshPolicy": "CreatedOnce"}

    assert fields(generated("Password")) == []
    assert fields(generated("ECRAuthorizationToken")) == [("spec", "refreshPolicy")]


def test_other_groups() -> None:
    """An object of the same kind in another API group is another thing."""
    assert fields({"refreshInterval": "0"}, api="kubernetes-client.io/v1") == []
    assert fields({"refreshInterval": "0"}, api="external-secrets.io/v1beta1") == [("spec", "refreshInterval")]
