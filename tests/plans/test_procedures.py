"""Plans whose steps are files and procedures: order, what stops them, and SIGKILL at every point."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.plans.build import KEY, edit, gone, new, plan, tree
from tests.plans.killing import Killable
from tests.plans.world import stamp

from strongroom.errors import PlanError
from strongroom.model.plan import Plan, RunProcedure, Splice, Text
from strongroom.plans.apply import Doing
from strongroom.plans.journal import look
from strongroom.plans.preview import preview

_WORLD = "tests.plans.world:procedures"


def _mixed() -> Plan:
    """Return a plan in which every procedure says what it must see of the files: what is before it, and no more."""
    return plan(
        edit("a", b"old a\n", Splice(0, 3, (Text("new"),))),
        new("n/d", "new d\n", 0o600),
        stamp("first", a="new a\n", b="old b\n", **{"n/d": "new d\n"}),
        edit("a", b"new a\n", Splice(0, 0, (Text("# "),))),
        stamp("second", a="# new a\n", b="old b\n"),
        stamp("third", a="# new a\n", b="old b\n"),
        gone("b", b"old b\n"),
    )


class Case(Killable):
    """The plan of files and stamps, in a folder."""

    def __init__(self, folder: Path, made: Plan | None = None) -> None:
        (folder / "tree").mkdir(parents=True)
        (folder / "tree/a").write_bytes(b"old a\n")
        (folder / "tree/b").write_bytes(b"old b\n")
        self.before = self._now(folder)
        super().__init__(folder, made or _mixed(), _WORLD)
        self.after = {
            "tree/a": (b"# new a\n", 0o644),
            "tree/n/d": (b"new d\n", 0o600),
            **{f"world/{name}.{half}": (b"", 0o644) for name in ("first", "second", "third") for half in (1, 2)},
        }

    def now(self) -> dict[str, tuple[bytes, int]]:
        """Return the tree and the marks."""
        return self._now(self.folder)

    @staticmethod
    def _now(folder: Path) -> dict[str, tuple[bytes, int]]:
        return {path: held for path, held in tree(folder).items() if path.startswith(("tree/", "world/"))}


def test_apply_and_undo(tmp_path: Path) -> None:
    """Files and procedures are done in the order of the plan and gone back on in the reverse one, again and again."""
    case = Case(tmp_path)
    for _ in range(2):
        assert case.doing().apply() == 7
        assert case.now() == case.after
        assert case.doing().undo() == 7
        assert case.now() == case.before


@pytest.mark.parametrize("then", ["resume", "undo"])
def test_killed_while_doing(tmp_path: Path, then: str) -> None:
    """Killed at any point, also within a procedure, going on ends at the wanted state and going back at the old one."""
    stop = 1
    while True:
        case = Case(tmp_path / str(stop))
        if not case.killed("apply", stop):
            break
        case.finish(then)
        assert case.now() == (case.after if then == "resume" else case.before), stop
        stop += 1
    assert case.now() == case.after
    assert stop > 35


def test_killed_while_going_back(tmp_path: Path) -> None:
    """Killed while going back, at any point, the next run goes back to the end."""
    stop, more = 1, True
    while more:
        case = Case(tmp_path / str(stop))
        case.doing().apply()
        more = case.killed("undo", stop)
        if more:
            case.finish("undo")
        assert case.now() == case.before, stop
        stop += 1
    assert stop > 25


def test_killed_twice(tmp_path: Path) -> None:
    """Killed while doing, and again while going back or on, the third run still ends where it should."""
    for first in range(1, 40, 5):
        for second in range(1, 30, 7):
            case = Case(tmp_path / f"{first}-{second}")
            case.killed("apply", first)
            found = look(case.state, case.plan, case.root)
            if found is not None and found.begun:
                case.killed("undo", second)
            case.finish("undo")
            assert case.now() == case.before, (first, second)


@pytest.mark.parametrize("length", range(8))
def test_every_prefix_can_be_undone(tmp_path: Path, length: int) -> None:
    """A plan that stopped after any number of steps is gone back on to where it began, and can be done anew."""
    case = Case(tmp_path, plan(*(step.change for step in _mixed().steps[:length])))

    for _ in range(2):
        assert case.doing().apply() == length
        if length:
            assert case.doing().undo() == length
        assert case.now() == case.before


def test_what_stands_in_the_way_is_found_before_the_first_step(tmp_path: Path) -> None:
    """A procedure that cannot be begun stops the plan before any file of it is changed."""
    case = Case(tmp_path)
    (tmp_path / "closed").touch()

    with pytest.raises(PlanError, match="the world is closed"):
        case.doing().apply()
    assert case.now() == case.before

    (tmp_path / "closed").unlink()
    case.doing().apply()
    assert case.now() == case.after


def test_what_comes_up_later_is_found_before_its_step(tmp_path: Path) -> None:
    """A procedure is asked again directly before it is done; until it can be, the plan waits and goes on from there."""
    case = Case(tmp_path)

    def close(what: str) -> None:
        if what == "done 3":
            (tmp_path / "closed").touch()

    with pytest.raises(PlanError, match="the world is closed"):
        case.doing(close).apply()
    found = look(case.state, case.plan, case.root)
    assert found is not None
    assert (found.done, found.at, found.undoing, found.finished) == (4, 4, False, False)

    (tmp_path / "closed").unlink()
    assert case.doing().resume() == 3
    assert case.now() == case.after


@pytest.mark.parametrize("then", ["resume", "undo"])
def test_a_procedure_that_fails_half_way(tmp_path: Path, then: str) -> None:
    """A procedure that raises leaves the plan where going on and going back both work."""
    case = Case(tmp_path)
    (tmp_path / "full").touch()

    with pytest.raises(PlanError, match="the world is full"):
        case.doing().apply()
    assert [path.name for path in (tmp_path / "world").iterdir()] == ["first.1"]

    (tmp_path / "full").unlink()
    case.finish(then)
    assert case.now() == (case.after if then == "resume" else case.before)


def test_progress(tmp_path: Path) -> None:
    """Somebody who waits is told which step runs, and what the procedure says."""
    case, lines = Case(tmp_path), list[str]()
    named = case.doing()._procedures

    Doing(case.plan, case.root, KEY, case.state, procedures=named, said=lines.append).apply()

    assert lines[:3] == ["step 3 of 7: run stamp", "0 of 2 marks", "1 of 2 marks"]
    assert len(lines) == 9


def test_an_unknown_procedure_is_refused(tmp_path: Path) -> None:
    """A plan with a procedure that nothing here does is neither begun nor shown."""
    made = plan(new("x", "x"), RunProcedure("later", {}))
    (tmp_path / "tree").mkdir()

    with pytest.raises(PlanError, match="nothing here does later"):
        Doing(made, tmp_path / "tree", KEY, tmp_path / "state").apply()
    with pytest.raises(PlanError, match="nothing here does later"):
        list(preview(made, tmp_path / "tree", str))
    assert not (tmp_path / "tree/x").exists()


def test_shown(tmp_path: Path) -> None:
    """Where other steps have their diff, a procedure says what it will do."""
    case = Case(tmp_path)

    views = list(preview(case.plan, case.root, str, case.doing()._procedures))

    assert views[2].said == ("stamp first", "twice")
    assert (views[2].path, views[2].diff) == ("", ())
    assert views[3].diff[-2:] == ("-new a", "+# new a")
