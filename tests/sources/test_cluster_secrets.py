"""Tables of Secrets, as far as they can be tried without a server."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from strongroom.kube.discovery import Served
from strongroom.model.resource import Resource
from strongroom.sources.cluster_objects import Numbers
from strongroom.sources.cluster_secrets import of_table, without_copies

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECRETS = Served("", "v1", "secrets", "Secret", namespaced=True)


def table(*rows: dict[str, Any], columns: tuple[str, ...] = ("Name", "Type", "Data", "Age")) -> list[Resource]:
    """Read a table."""
    body = {"kind": "Table", "columnDefinitions": [{"name": name} for name in columns], "rows": rows}
    return list(of_table(json.dumps(body).encode(), SECRETS, "cluster:a", Numbers(), namespace="shop", now=NOW))


@pytest.mark.parametrize(
    ("age", "made"),
    [
        ("45s", "2026-11-21T11:59:15+00:00"),
        ("5m30s", "2026-11-21T11:54:30+00:00"),
        ("3h20m", "2026-11-21T08:40:00+00:00"),
        ("6d4h", "2026-11-15T08:00:00+00:00"),
        ("2y100d", "2024-08-13T12:00:00+00:00"),
        ("<unknown>", None),
        ("<invalid>", None),
    ],
)
def test_the_age_of_a_row_gives_the_latest_time_of_creation(age: str, made: str | None) -> None:
    """Ages are read as kubectl writes them, which rounds down: a Secret may be older, never younger."""
    (found,) = table({"cells": ["db", "Opaque", 1, age], "object": None})

    assert found.get("metadata", "creationTimestamp") == made


def test_columns_are_found_by_name() -> None:
    """A server that adds or moves columns is still understood; a row that lacks some has what it has."""
    (found, short) = table(
        {"cells": ["x", 2, "3d", "kubernetes.io/tls", "db"], "object": None},
        {"cells": ["x"], "object": None},
        columns=("New", "Data", "Age", "Type", "Name"),
    )

    assert (found.name, found.namespace, found.body["type"], found.whole) == ("db", "shop", "kubernetes.io/tls", False)
    assert (short.name, short.body["type"]) == ("", "Opaque")


def test_keys_of_several_managers_are_joined() -> None:
    """Who owns which key does not matter: all names are there, and it is known whether they are all."""
    managed = [
        {"manager": "a", "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:data": {".": {}, "f:user": {}}, "f:type": {}}},
        {"manager": "b", "time": "2026-02-01T00:00:00Z", "fieldsV1": {"f:data": {"f:password": {}}}},
        {"manager": "c", "time": "2026-03-01T00:00:00Z", "fieldsV1": {"f:metadata": {}}},
    ]
    metadata = {"name": "db", "namespace": "shop", "managedFields": managed}
    (whole, part) = table(
        {"cells": ["db", "Opaque", 2, "1d"], "object": {"metadata": metadata}},
        {"cells": ["db", "Opaque", 3, "1d"], "object": {"metadata": metadata}},
    )

    assert sorted(whole.body["data"]) == ["password", "user"]
    assert (whole.whole, part.whole) == (True, False)
    assert [entry["manager"] for entry in whole.get("metadata", "managedFields")] == ["a", "b"]


def test_all_kinds_of_copies_are_emptied() -> None:
    """The annotations of kubectl, kapp and operators lose their text; others keep theirs."""
    annotations = {
        "kubectl.kubernetes.io/last-applied-configuration": '{"data":{"a":"aHVudGVyMg=="}}',
        "kapp.k14s.io/original": '{"stringData":{"a":"hunter2"}}',
        "banzaicloud.com/last-applied": "H4sIhunter2",
        "note": "kept",
    }
    without_copies(annotations)

    assert list(annotations.values()) == ["", "", "", "kept"]


def test_what_is_no_table_is_refused() -> None:
    """Another answer than a table is an error, not an empty list of Secrets."""
    with pytest.raises(msgspec.DecodeError):
        list(of_table(b'{"rows": 3}', SECRETS, "cluster:a", Numbers(), namespace="", now=NOW))
