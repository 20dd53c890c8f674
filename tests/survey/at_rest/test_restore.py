"""Restoring on a real API server: killed at every write, gone on with, and gone back on."""

from __future__ import annotations

import base64
import json

import pytest
from tests.support.controlplane.access import Access
from tests.survey.at_rest import restoring
from tests.survey.at_rest.restoring import Case, quiet

from strongroom.errors import PlanError, UsageError
from strongroom.survey.at_rest.restore import PROCEDURE

case = restoring.case

WRITES = 8


def test_killed_at_every_write(case: Case) -> None:
    """Wherever a restore is killed, it can be gone on with to the backup and gone back on to what was there before."""
    for write in range(1, WRITES + 1):
        given = case.arguments()
        case.killed(given, write)
        if write % 2:
            PROCEDURE.do(given, quiet)
            PROCEDURE.verify(given)
            assert case.content() == case.original
        PROCEDURE.undo(given, quiet)
        assert case.content() == case.changed, write
    assert case.server.writes >= WRITES


def test_said_names_all(case: Case) -> None:
    """A plan names every Secret with fingerprints that tell the values apart, and holds no value."""
    given = case.arguments()
    said = "\n".join(PROCEDURE.said(given))
    assert [line[0] for line in said.splitlines()[1:]] == ["+", "+", "+", "~", "~", "~", "~"]
    assert "the one there is deleted first" in said.splitlines()[-1]
    assert base64.b64encode(b"backed up 3").decode() not in json.dumps(given)


def test_conflict_rules(case: Case) -> None:
    """By default what is there and differs is a conflict; skip, replace and newer decide it."""
    with pytest.raises(UsageError, match=r"s3, .* in the cluster already"):
        case.planned("fail")
    assert [place.name for place, _ in case.planned("skip").skipped] == ["s3", "s4", "s5", "s7"]
    assert [place.name for place, _ in case.planned("newer").skipped] == ["s3", "s4", "s5", "s7"]
    assert case.planned("fail", select=(f"{case.namespace}/s6",)).unchanged == 1
    assert [change["do"] for change in case.arguments("replace")["changes"]] == ["create"] * 3 + ["replace"] * 3 + [
        "recreate"
    ]


def test_mapped_namespace(case: Case, cluster: Access) -> None:
    """A namespace of the backup goes to another one, which must be there."""
    other = f"{case.namespace}-copy"
    with pytest.raises(UsageError, match=f"1 namespace is missing: {other}"):
        case.arguments(namespaces={case.namespace: other})
    case.client.create("/api/v1/namespaces", {"metadata": {"name": other}})
    PROCEDURE.do(case.arguments(namespaces={case.namespace: other}), quiet)
    case.path = f"/api/v1/namespaces/{other}/secrets"
    assert case.content() == case.original
    case.client.delete(f"/api/v1/namespaces/{other}")


def test_many(case: Case) -> None:
    """So many Secrets that whole namespaces are listed are restored, gone back on, and verified alike."""
    for number in range(8, 50):
        case.create(f"s{number}", f"backed up {number}")
    case.back_up()
    given = case.content()
    for number in range(8, 50):
        case.set(f"s{number}", f"changed {number}")
    for number in range(20, 30):
        case.client.delete(f"{case.path}/s{number}")
    changed = case.content()
    plan = case.arguments()
    assert len(plan["changes"]) == 42
    with pytest.raises(PlanError, match=r"s10, .* and 37 more are not as in the backup"):
        PROCEDURE.verify(plan)
    PROCEDURE.do(plan, quiet)
    PROCEDURE.verify(plan)
    assert case.content() == given
    PROCEDURE.undo(plan, quiet)
    assert case.content() == changed
    PROCEDURE.undo(plan, quiet)
    assert case.content() == changed


def test_immutable_over_mutable(case: Case) -> None:
    """A Secret that a restore makes immutable is replaced in its place, and gone back on though nothing can change it."""
    case.client.delete(f"{case.path}/s7")
    case.create("s7", "mutable", immutable=False)
    before = case.content()
    given = case.arguments(select=(f"{case.namespace}/s7",))
    PROCEDURE.do(given, quiet)
    assert case.content()["s7"] == case.original["s7"]
    for _ in ("the new one is deleted", "the old one is made"):
        case.killed(given, 1, "undo")
    PROCEDURE.undo(given, quiet)
    assert case.content() == before


def test_deleted_since(case: Case) -> None:
    """What was restored and then deleted by somebody comes back as it was before the restore, and that is said."""
    given = case.arguments()
    PROCEDURE.do(given, quiet)
    for number in (0, 3, 4, 7):
        case.client.delete(f"{case.path}/s{number}")
    case.killed(given, 3, "undo")
    said: list[str] = []
    PROCEDURE.undo(given, said.append)
    assert case.content() == case.changed
    [gone] = [line for line in said if "any more" in line]
    assert gone.startswith(f"Secrets {case.namespace}/s3, {case.namespace}/s4 are not there any more")


def test_namespace_that_went(case: Case) -> None:
    """Where a namespace is gone, all others are as before all the same, and it goes on when the namespace is there."""
    other = f"{case.namespace}-gone"
    space = {"metadata": {"name": other}}
    case.client.create("/api/v1/namespaces", space)
    first, case.path = case.path, f"/api/v1/namespaces/{other}/secrets"
    case.create("s1", "before")
    given = case.arguments(namespaces={case.namespace: other})
    one = case.arguments(select=(f"{case.namespace}/s3",))["changes"]
    given["changes"] = [*one, *(change for change in given["changes"] if change["origin"][1] == "s1")]
    PROCEDURE.do(given, quiet)
    _delete_namespace(case, other)
    with pytest.raises(PlanError, match=f"s1 cannot come back: there is no namespace {other} any more"):
        PROCEDURE.undo(given, quiet)
    case.path = first
    assert case.content() == case.changed
    case.client.create("/api/v1/namespaces", space)
    PROCEDURE.undo(given, quiet)
    case.path = f"/api/v1/namespaces/{other}/secrets"
    assert [*case.content()] == ["s1"]
    _delete_namespace(case, other)


def _delete_namespace(case: Case, name: str) -> None:
    """Delete a namespace as its controller would, which does not run here."""
    for secret in case.content():
        case.client.delete(f"/api/v1/namespaces/{name}/secrets/{secret}")
    case.client.delete(f"/api/v1/namespaces/{name}")
    body = {**case.client.get(f"/api/v1/namespaces/{name}"), "spec": {"finalizers": []}}
    case.client.request("PUT", f"/api/v1/namespaces/{name}/finalize", body)


def test_empty_values(case: Case) -> None:
    """A value that was given as null comes back as the empty one that it is."""
    case.client.create(case.path, {"metadata": {"name": "null"}, "data": {"a": None, "b": ""}})
    case.back_up()
    case.client.delete(f"{case.path}/null")
    PROCEDURE.do(case.arguments(select=("*/null",)), quiet)
    assert case.client.get(f"{case.path}/null")["data"] == {"a": "", "b": ""}
