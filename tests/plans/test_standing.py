"""Plans that were begun on a machine: where each stands, and how it is found again."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.plans.build import KEY, new, plan
from tests.plans.test_procedures import Case

from strongroom.errors import PlanError
from strongroom.model.plan import PlanStanding
from strongroom.plans.apply import Doing
from strongroom.plans.journal import Journal
from strongroom.plans.saved import digest
from strongroom.plans.standing import begun, standings


def _states(state: Path) -> list[str]:
    return [one.state for one in standings(state)]


def _only(state: Path) -> PlanStanding:
    (one,) = standings(state)
    return one


def test_where_a_plan_stands(tmp_path: Path) -> None:
    """A plan is stopped at its next step, done, on the way back at its last one, or gone back on."""
    case = Case(tmp_path)
    assert _states(case.state) == []
    (tmp_path / "full").touch()
    with pytest.raises(PlanError):
        case.doing().apply()
    one = _only(case.state)
    assert (one.state, one.done, one.steps, one.at, one.title) == ("stopped", 2, 7, 3, "run stamp")
    assert (one.digest, one.root, one.summary) == (digest(case.plan), str(case.root), case.plan.summary)

    (tmp_path / "full").unlink()
    case.doing().resume()
    assert (_only(case.state).state, _only(case.state).at) == ("done", 0)

    (case.root / "n/d").write_text("changed\n")
    with pytest.raises(PlanError):
        case.doing().undo()
    one = _only(case.state)
    assert (one.state, one.at) == ("undoing", 3)

    (case.root / "n/d").write_text("new d\n")
    case.doing().resume()
    assert _only(case.state).state == "undone"


def test_a_plan_that_runs(tmp_path: Path) -> None:
    """A plan that a process is at is said to run, and looking does not disturb it."""
    case, seen = Case(tmp_path), list[str]()

    case.doing(lambda _: seen.extend(_states(case.state))).apply()

    assert "running" in seen
    assert set(seen) <= {"running", "done"}
    assert _states(case.state) == ["done"]


def test_found_by_the_first_digits(tmp_path: Path) -> None:
    """The first digits of a digest name a plan and its folder; where they do not, that is an error with a hint."""
    state = tmp_path / "state"
    for number in (1, 2):
        (tmp_path / f"tree{number}").mkdir()
    one, other = plan(new("x", "x")), plan(new("y", "y"))
    Doing(one, tmp_path / "tree1", KEY, state).apply()
    Doing(other, tmp_path / "tree1", KEY, state).apply()

    assert begun(state, digest(one)[:6], None).plan == one
    assert begun(state, digest(one)[:6], None).root == (tmp_path / "tree1").resolve()
    with pytest.raises(PlanError, match="no plan ffff was begun here"):
        begun(state, "ffff", None)
    with pytest.raises(PlanError, match="several plans begin with"):
        begun(state, "", None)

    Doing(one, tmp_path / "tree2", KEY, state).apply()
    with pytest.raises(PlanError, match="for a folder that is not known"):
        begun(state, digest(one), None)
    assert begun(state, digest(one), tmp_path / "tree2").root == tmp_path / "tree2"


def test_a_journal_of_an_earlier_version(tmp_path: Path) -> None:
    """A journal that does not say which folder it is for is listed, and found when the folder is named."""
    (tmp_path / "tree").mkdir()
    one, state = plan(new("x", "x")), tmp_path / "state"
    Doing(one, tmp_path / "tree", KEY, state).apply()
    (path,) = state.rglob("root")
    path.unlink()

    assert _only(state).root == ""
    with pytest.raises(PlanError, match="for a folder that is not known"):
        begun(state, digest(one), None)
    assert begun(state, digest(one), tmp_path / "tree").plan == one


def test_damaged_journals_are_left_out(tmp_path: Path) -> None:
    """What cannot be read does not hide the others; a torn last line does not count, and stays as it is."""
    case = Case(tmp_path)
    case.doing().apply()
    (folder,) = (case.state / "plans").iterdir()
    (case.state / "plans/other").mkdir()
    (case.state / "plans/other/journal").write_bytes(b"\x00")
    (case.state / "plans/other/plan.json").write_bytes(b"{")
    with (folder / "journal").open("ab") as stream:
        stream.write(b'{"event":"undo')
    before = (folder / "journal").read_bytes()

    assert _states(case.state) == ["done"]
    assert (folder / "journal").read_bytes() == before


def test_an_opened_journal_is_no_plan_that_was_begun(tmp_path: Path) -> None:
    """A plan that was refused before its first step is not listed."""
    case = Case(tmp_path)
    with Journal(case.state, case.plan, case.root, KEY):
        pass

    assert _states(case.state) == []
