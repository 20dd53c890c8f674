"""Ages of keys: by their names, and by the time at which the file was changed."""

from __future__ import annotations

import base64
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from strongroom.model.settings import Settings
from strongroom.posture.checks.at_rest_key_too_old import date_in
from strongroom.survey.run import Request, survey

NOW = datetime(2026, 11, 1, tzinfo=UTC)
KEY = base64.b64encode(bytes(range(32))).decode()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("key-2024-01-15", date(2024, 1, 15)),
        ("key20240115", date(2024, 1, 15)),
        ("2023.11", date(2023, 11, 1)),
        ("key1", None),
        ("key20249", None),
        ("key-2024-02-31", None),
        ("1202401151", None),
    ],
)
def test_dates_in_names(name: str, expected: date | None) -> None:
    """A name tells a date where it has a year, a month and perhaps a day, and no other digits around them."""
    assert date_in(name) == expected


@pytest.mark.parametrize(("days", "found"), [(300, 0), (400, 1)])
def test_age_of_the_file(tmp_path: Path, days: int, found: int) -> None:
    """On a host, a key without a date is as old as its file at least; in a repository nothing is said."""
    path = tmp_path / "encryption.yaml"
    path.write_text(
        "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n"
        f"  providers:\n  - secretbox:\n      keys:\n      - name: key1\n        secret: {KEY}\n"
    )
    then = NOW.timestamp() - days * 86400
    os.utime(path, (then, then))

    def ids(source: str) -> list[str]:
        report = survey(Request((source,), bytes(32), Settings(), now=NOW))
        return [f.id for f in report.findings if f.id == "at-rest-key-too-old"]

    assert len(ids(f"files:{tmp_path}")) == found
    assert ids(str(tmp_path)) == []
