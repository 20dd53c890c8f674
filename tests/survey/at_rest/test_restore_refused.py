"""What a restore on a real API server is refused for: it never goes over what others wrote."""

from __future__ import annotations

import pytest
from tests.survey.at_rest import restoring
from tests.survey.at_rest.restoring import Case, quiet

from strongroom.errors import PlanError, UsageError
from strongroom.survey.at_rest.restore import PROCEDURE

case = restoring.case


def test_going_back_keeps_what_others_wrote(case: Case) -> None:
    """A Secret that somebody changed after the restore stops the way back before anything is lost."""
    given = case.arguments()
    PROCEDURE.do(given, quiet)
    case.set("s3", "by somebody else")
    now = case.content()
    with pytest.raises(PlanError, match="s3 is not as when the plan was made") as refused:
        PROCEDURE.undo(given, quiet)
    assert case.content() == now
    assert "delete it there" in refused.value.hint
    case.client.delete(f"{case.path}/s3")
    PROCEDURE.undo(given, quiet)
    assert case.content() == case.changed


def test_deleted_before_its_turn(case: Case) -> None:
    """A Secret that somebody deletes while a restore is interrupted is not made by going on: only by going back."""
    given = case.arguments()
    case.killed(given, 1)
    case.client.delete(f"{case.path}/s5")
    with pytest.raises(PlanError, match="s5 is not as when the plan was made"):
        PROCEDURE.do(given, quiet)
    PROCEDURE.undo(given, quiet)
    assert case.content() == case.changed


def test_stale_plan_is_refused(case: Case) -> None:
    """A plan for a cluster that changed meanwhile writes nothing."""
    given = case.arguments()
    case.set("s4", "by somebody else")
    case.create("s0", "by somebody else")
    now = case.content()
    with pytest.raises(PlanError, match=r"s0, .*s4 are not as when the plan was made"):
        PROCEDURE.do(given, quiet)
    assert case.content() == now
    PROCEDURE.undo(given, quiet)
    assert case.content() == now


def test_server_tries_first(case: Case) -> None:
    """Where the server refuses one Secret, none is written."""
    given = case.arguments()
    quota = {
        "metadata": {"name": "full"},
        "spec": {"hard": {"secrets": "0"}},
        "status": {"hard": {"secrets": "0"}, "used": {"secrets": "9"}},
    }
    case.client.create(f"/api/v1/namespaces/{case.namespace}/resourcequotas", quota)
    status = f"/api/v1/namespaces/{case.namespace}/resourcequotas/full/status"
    current = case.client.get(status)
    case.client.request("PUT", status, {**current, "status": quota["status"]})
    with pytest.raises(PlanError, match="could not be written"):
        PROCEDURE.do(given, quiet)
    assert case.content() == case.changed


def test_other_cluster_file_or_key_is_refused(case: Case) -> None:
    """A plan is for one cluster, one backup and one fingerprint key."""
    given = case.arguments()
    with pytest.raises(PlanError, match="for another cluster"):
        PROCEDURE.check({**given, "cluster": "another"})
    with pytest.raises(PlanError, match="not the one that the plan was made for"):
        PROCEDURE.check({**given, "digest": "0" * 64})
    other = case.key_file.with_name("other")
    other.write_bytes(b"o" * 32)
    with pytest.raises(PlanError, match="another fingerprint key"):
        PROCEDURE.check({**given, "key_file": str(other)})
    astray = {**given["changes"][0], "place": ["kube-system", "../../configmaps/x"]}
    for wrong in (
        {**given, "changes": [astray]},
        {**given, "namespaces": ["a/b"]},
        {**given, "id": "../../x"},
        {**given, "changes": [{}]},
        {},
    ):
        with pytest.raises(PlanError, match="cannot be read"):
            PROCEDURE.check(wrong)


def test_held_by_a_finalizer(case: Case) -> None:
    """What a finalizer holds is not deleted to be made anew: it would hang between, and nothing be in its place."""
    given = case.arguments()
    hold = {"metadata": {"finalizers": ["example.com/hold"]}}
    merge = {"Content-Type": "application/merge-patch+json"}
    case.client.request("PATCH", f"{case.path}/s7", hold, merge)
    try:
        now = case.content()
        assert [place.name for place, why in case.planned().skipped if "finalizers" in why] == ["s7"]
        with pytest.raises(PlanError, match="s7 has finalizers"):
            PROCEDURE.do(given, quiet)
        assert case.content() == now
        assert "deletionTimestamp" not in case.client.get(f"{case.path}/s7")["metadata"]
    finally:
        case.client.request("PATCH", f"{case.path}/s7", {"metadata": {"finalizers": None}}, merge)


def test_the_same_by_somebody_else(case: Case) -> None:
    """What somebody else made before a restore is not taken for its own, even if equal: going back would delete it."""
    given = case.arguments()
    case.create("s0", "backed up 0")
    now = case.content()
    with pytest.raises(PlanError, match="s0 is not as when the plan was made"):
        PROCEDURE.do(given, quiet)
    PROCEDURE.undo(given, quiet)
    assert case.content() == now


def test_every_part_is_for_one_cluster(case: Case) -> None:
    """A context that has come to mean another cluster is noticed by every part, not only by the check at the start."""
    given = case.arguments()
    PROCEDURE.do(given, quiet)
    astray = {**given, "cluster": "another"}
    for part in (PROCEDURE.do, PROCEDURE.undo):
        with pytest.raises(PlanError, match="for another cluster"):
            part(astray, quiet)
    with pytest.raises(PlanError, match="for another cluster"):
        PROCEDURE.verify(astray)
    assert case.content() == case.original


def test_what_another_plan_kept(case: Case) -> None:
    """A plan that has the id of another, as one that was edited, goes neither on nor back with what that one kept."""
    first = case.arguments()
    PROCEDURE.do(first, quiet)
    case.set("s3", "by somebody else")
    second = {**case.arguments(), "id": first["id"]}
    now = case.content()
    for part in (PROCEDURE.do, PROCEDURE.undo):
        with pytest.raises(PlanError, match="was kept for another restore"):
            part(second, quiet)
    assert case.content() == now


def test_names_that_meet_nothing(case: Case) -> None:
    """A namespace that is mapped and a pattern that is selected must be in the backup: else a slip restores elsewhere."""
    with pytest.raises(UsageError, match="no Secret of namespace shpo"):
        case.planned(namespaces={"shpo": "copy"})
    with pytest.raises(UsageError, match="no Secret that shop/typo selects"):
        case.planned(select=("*", "shop/typo"))
