"""Many files at once: killed between files of one batch, changed by somebody else meanwhile, and how large a batch is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.plans.build import KEY, edit, gone, new, plan, tree
from tests.plans.killing import Killable

from strongroom.errors import PlanError
from strongroom.model.plan import Change, Splice, Text
from strongroom.plans.apply import Doing
from strongroom.plans.journal import Journal


class Case(Killable):
    """Five files that one batch edits, makes and deletes, and a second batch that edits one of them again."""

    def __init__(self, folder: Path) -> None:
        root = folder / "tree"
        (root / "sub").mkdir(parents=True)
        self.before: dict[str, bytes | None] = {"a": b"old a\n", "sub/b": b"old b\n", "sub/c": b"old c\n", "n/d": None}
        for name, data in self.before.items():
            if data is not None:
                (root / name).write_bytes(data)
        changes: list[Change] = [_renewed("a"), _renewed("sub/b"), new("n/d", "new d\n"), gone("sub/c", b"old c\n")]
        changes.append(edit("a", b"new a\n", Splice(0, 0, (Text("# "),))))
        super().__init__(folder, plan(*changes))
        self.possible: dict[str, set[bytes | None]] = {
            "a": {b"old a\n", b"new a\n", b"# new a\n"},
            "sub/b": {b"old b\n", b"new b\n"},
            "sub/c": {b"old c\n", None},
            "n/d": {b"new d\n", None},
        }
        self.after = {"a": b"# new a\n", "sub/b": b"new b\n", "sub/c": None, "n/d": b"new d\n"}

    def now(self) -> dict[str, bytes | None]:
        """Return what each file of the plan holds."""
        return {name: _held(self.root / name) for name in self.before}


def _held(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _renewed(name: str) -> Change:
    return edit(name, f"old {name[-1]}\n".encode(), Splice(0, 3, (Text("new"),)))


@pytest.mark.parametrize("then", ["resume", "undo"])
def test_killed_within_a_batch(tmp_path: Path, then: str) -> None:
    """Killed at any point, each file is as it was or as it shall be, and going on or back ends where it should."""
    mixed, stop = 0, 1
    while True:
        case = Case(tmp_path / str(stop))
        if not case.killed("apply", stop):
            break
        now = case.now()
        assert all(now[name] in case.possible[name] for name in now), stop
        mixed += now not in (case.before, case.after)

        case.finish(then)

        assert case.now() == (case.after if then == "resume" else case.before), stop
        assert not list(case.root.rglob(".*")), stop
        stop += 1
    assert case.now() == case.after
    assert mixed >= 4  # between the files of the first batch


def test_killed_twice(tmp_path: Path) -> None:
    """Killed within a batch, and again while going on, what was kept first is still there to go back to."""
    first = next(stop for stop in range(1, 99) if _moved(Case(tmp_path / f"count-{stop}"), stop) == 2)
    for second in range(1, 99):
        case = Case(tmp_path / f"{second}")
        assert case.killed("apply", first)
        if not case.killed("resume", second):
            break
        assert all(data in case.possible[name] for name, data in case.now().items()), second

        case.doing().undo()

        assert case.now() == case.before, second
    assert second > 8
    assert case.now() == case.after


def _moved(case: Case, stop: int) -> int:
    case.killed("apply", stop)
    return sum(data != case.before[name] for name, data in case.now().items())


def test_killed_while_going_back_on_a_batch(tmp_path: Path) -> None:
    """Killed while going back, each file is as it was or as it should be, and the next run goes back to the end."""
    stop, more = 1, True
    while more:
        case = Case(tmp_path / str(stop))
        case.doing().apply()
        more = case.killed("undo", stop)
        assert all(data in case.possible[name] for name, data in case.now().items()), stop
        if more:
            case.finish("undo")
        assert case.now() == case.before, stop
        stop += 1
    assert stop > 10


@pytest.mark.parametrize("name", ["a", "sub/b", "sub/c", "n/d"])
def test_changed_by_somebody_else_within_a_batch(tmp_path: Path, name: str) -> None:
    """A file that somebody changes after it was read, and before it is replaced, stays theirs; undo leaves it alone."""
    case = Case(tmp_path)

    def meanwhile(what: str) -> None:
        if what == f"replace {name[-1]}" and _held(case.root / name) == case.before[name]:
            (case.root / name).parent.mkdir(exist_ok=True)
            (case.root / name).write_bytes(b"somebody's\n")

    with pytest.raises(PlanError, match="was changed just now"):
        case.doing(meanwhile).apply()
    assert (case.root / name).read_bytes() == b"somebody's\n"
    assert all(data in case.possible[other] for other, data in case.now().items() if other != name)

    with Journal(case.state, case.plan, case.root, KEY) as journal:
        begun = not journal.fresh
    if begun:
        case.doing().undo()

    assert case.now() == case.before | {name: b"somebody's\n"}
    assert not list(case.root.rglob(".*"))


def test_changed_by_somebody_else_while_going_back(tmp_path: Path) -> None:
    """Going back replaces no file that somebody changes at that moment."""
    case = Case(tmp_path)
    case.doing().apply()

    def meanwhile(what: str) -> None:
        if what == "replace b":
            (case.root / "sub/b").write_bytes(b"somebody's\n")

    with pytest.raises(PlanError, match="was changed just now"):
        case.doing(meanwhile).undo()
    assert (case.root / "sub/b").read_bytes() == b"somebody's\n"

    (case.root / "sub/b").write_bytes(b"new b\n")
    case.doing().resume()
    assert case.now() == case.before


def test_a_file_that_cannot_be_written_leaves_its_batch_as_it_was(tmp_path: Path) -> None:
    """Everything new is on the disk before the first file of a batch moves: where one cannot be, none does."""
    case = Case(tmp_path)
    (case.root / "n").write_bytes(b"a file where a folder should be\n")
    now = tree(case.root)
    case.plan = plan(_renewed("a"), _renewed("sub/b"), new("m/d", "d"))

    def meanwhile(what: str) -> None:
        if what.startswith("start"):
            (case.root / "m").write_bytes(b"x")

    with pytest.raises(PlanError, match="cannot be written"):
        case.doing(meanwhile).apply()
    (case.root / "m").unlink()
    assert tree(case.root) == now
    assert case.doing().apply() == 3


def _started(state: Path) -> list[int]:
    (journal,) = state.rglob("journal")
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    return [len(line["steps"]) for line in lines if line["event"] == "started"]


def test_a_batch_is_bounded_by_number(tmp_path: Path) -> None:
    """A plan of many files is done a few hundred at a time, and gone back on to the byte."""
    root = tmp_path / "tree"
    root.mkdir()
    for number in range(600):
        (root / f"{number}").write_bytes(b"old %d" % number)
    before = tree(root)
    changes = [edit(f"{n}", b"old %d" % n, Splice(0, 3, (Text("new"),))) for n in range(600)]
    doing = Doing(plan(*changes), root, KEY, tmp_path / "state")

    assert doing.apply() == 600
    assert _started(tmp_path / "state") == [256, 256, 88]
    assert all(data.startswith(b"new") for data, _ in tree(root).values())
    assert doing.undo() == 600
    assert tree(root) == before


def test_a_batch_is_bounded_by_size(tmp_path: Path) -> None:
    """Large files are done fewer at a time, so that memory does not grow with their number."""
    root = tmp_path / "tree"
    root.mkdir()
    data = bytes(3 << 20)
    for number in range(5):
        (root / f"{number}").write_bytes(data)
    changes = [edit(f"{n}", data, Splice(0, 1, (Text("x"),))) for n in range(5)]

    Doing(plan(*changes), root, KEY, tmp_path / "state").apply()

    assert _started(tmp_path / "state") == [2, 2, 1]
