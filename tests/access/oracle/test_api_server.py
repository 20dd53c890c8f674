"""Our answers are those of a running API server, on random RBAC objects and random questions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.access.oracle.compare import differences
from tests.access.oracle.objects import BATCHES, NAMESPACES, objects, questions
from tests.support.controlplane.fixtures import StartCluster

_NAMESPACES = (*NAMESPACES, "sentinel")


_EACH = 1000


def _compare(start_cluster: StartCluster, batches: int) -> tuple[int, int]:
    """Compare on a cluster of its own; return how many questions were asked, and how many of them were allowed."""
    admin = start_cluster(controllers=True).access.client()
    for namespace in _NAMESPACES:
        admin.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
    asked = [0, 0]

    # A difference names itself: to look for a smaller batch would take hours.
    phases = (Phase.explicit, Phase.generate)

    @settings(
        max_examples=batches, phases=phases, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(BATCHES, st.integers(0, 2**32))
    def compare(batch: dict[str, list[dict[str, Any]]], seed: int) -> None:
        made = objects(batch)
        found, allowed = differences(admin, made, questions(made, seed, _EACH))
        assert not found, found[:5]
        asked[0] += _EACH
        asked[1] += allowed

    compare()
    return asked[0], asked[1]


def test_random_questions_have_the_answers_of_the_api_server(start_cluster: StartCluster) -> None:
    """A few thousand questions about random RBAC objects are answered as SubjectAccessReview answers them."""
    asked, allowed = _compare(start_cluster, batches=4)

    assert asked >= 4 * _EACH
    assert 0 < allowed < asked


@pytest.mark.verify
def test_a_hundred_thousand_questions_have_the_answers_of_the_api_server(start_cluster: StartCluster) -> None:
    """Not one answer in 100,000 differs, and enough of them are yes for that to mean something."""
    asked, allowed = _compare(start_cluster, batches=100)

    assert asked >= 100 * _EACH
    assert allowed > asked // 20
