"""Fixtures of the demonstrations: a stage, and a stand-in for the kubelet of its node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from tests.access.demonstrations.stage import Stage
from tests.support.controlplane.access import Access


@pytest.fixture
def stage(cluster: Access) -> Iterator[Callable[[str], Stage]]:
    """Make the stage of a way in the shared cluster; it is cleared after the test."""
    with ExitStack() as made:

        def make(way_id: str) -> Stage:
            one = Stage(cluster, way_id)
            made.callback(one.close)
            return one

        yield make
