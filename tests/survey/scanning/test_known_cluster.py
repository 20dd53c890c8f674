"""The values of a running cluster's Secrets are found in files."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.support.controlplane.access import Access

from strongroom.cli.scan import command
from strongroom.errors import StrongroomError, UsageError

MINE, OTHERS = "Gannet7-Locker!x", "Kelpie8-Otter-Quay"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two passwords in prose, and a key for fingerprints."""
    (tmp_path / "key").write_text("0123456789abcdef" * 2)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "notes.txt").write_text(f"log in with {MINE} please\nor with {OTHERS} there\n")
    return tmp_path


def _secret(access: Access, namespace: str, name: str, value: str) -> None:
    data = {"password": base64.b64encode(value.encode()).decode()}
    access.client().create(f"/api/v1/namespaces/{namespace}/secrets", {"metadata": {"name": name}, "data": data})


def _scan(folder: Path, *options: str) -> Result:
    fixed = (str(folder / "tree"), "--format", "json", "--fingerprint-key", str(folder / "key"))
    return CliRunner().invoke(command, [*fixed, *options], standalone_mode=False)


def _live(result: Result) -> list[tuple[int, list[str]]]:
    assert result.exception is None
    report: dict[str, Any] = json.loads(result.stdout)
    return [(one["location"]["line"], one["leak"]["live"]) for one in report["findings"]]


def test_a_value_of_a_cluster_is_live(cluster: Access, namespace: str, folder: Path) -> None:
    """A password that stands in a Secret of the namespace is found in a file, and the Secret is named."""
    _secret(cluster, namespace, "db", MINE)
    where = ("--kubeconfig", str(cluster.kubeconfig()), "-n", namespace)
    result = _scan(folder, "--inventory", "cluster", "--values", *where)
    assert _live(result) == [(1, [f"Secret {namespace}/db, key password"])]
    assert "reading the values of Secrets" in result.stderr
    assert MINE not in result.output


def test_who_asks_decides_what_is_known(cluster: Access, namespace: str, folder: Path) -> None:
    """Somebody who may not read the Secrets of a namespace has no inventory of it: that is an error, not a clean scan."""
    _secret(cluster, namespace, "db", OTHERS)
    where = ("--kubeconfig", str(cluster.kubeconfig()), "-n", namespace)
    assert _live(_scan(folder, "--inventory", "cluster", "--values", *where))[0][0] == 2
    refused = _scan(folder, "--inventory", "cluster", "--values", *where, "--as", "nobody-at-all")
    assert isinstance(refused.exception, StrongroomError)


@pytest.mark.parametrize(
    "options", [("-n", "shop"), ("--kubeconfig", "config"), ("--as", "me"), ("--as-group", "us"), ("--values",)]
)
def test_options_of_a_cluster_need_one(folder: Path, options: tuple[str, ...]) -> None:
    """What says how a cluster is read is refused where none is."""
    result = _scan(folder, "--inventory", str(folder / "tree"), *options)
    assert isinstance(result.exception, UsageError)
    assert "without a cluster" in str(result.exception)
