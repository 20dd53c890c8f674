"""Which API servers there are, by their Leases."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from tests.atrest.told import Telling, telling

from strongroom.atrest.members import Member, _Lease, check_complete, living, members
from strongroom.atrest.servers import config_hash
from strongroom.errors import PlanError

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def _lease(name: str, ago: float) -> _Lease:
    renewed = (NOW - timedelta(seconds=ago)).isoformat()
    body = {"metadata": {"name": name}, "spec": {"leaseDurationSeconds": 3600, "renewTime": renewed}}
    return msgspec.convert(body, _Lease)


def test_those_that_live() -> None:
    """A Lease counts until it has run out; one that was never renewed does not count."""
    found = living([_lease("a", 3599), _lease("b", 3601), _Lease()], NOW)
    assert found == (Member(config_hash(b"a"), "a"),)


def test_complete() -> None:
    """Servers that were named beyond those with a Lease are no matter; a Lease of another one is."""
    found = [Member("x", "node-1"), Member("y", "node-2")]
    check_complete(found, {"x", "y", "z"})
    check_complete([], {"x"})
    with pytest.raises(PlanError, match="node-2"):
        check_complete(found, {"x"})


def test_asked(tmp_path: Path) -> None:
    """Leases are read from the API server that is asked."""
    with telling(tmp_path, Telling("one"), Telling("two")) as servers:
        found = asyncio.run(members(servers[0].server(), os.environ))
    assert found == (Member(config_hash(b"one"), "one"), Member(config_hash(b"two"), "two"))
