"""Doing a plan, going on with it, going back on it: whatever happens between."""

from __future__ import annotations

import contextlib
import os
import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.plans.build import KEY, digest, edit, gone, new, plan, tree
from tests.plans.killing import Killable

from strongroom.errors import PlanError
from strongroom.model.plan import Copied, Plan, Splice, Text, WriteFile
from strongroom.plans.apply import Doing
from strongroom.plans.files import spliced
from strongroom.plans.standing import standings

_BEFORE = b"kind: ConfigMap\ndata:\n  password: Zq7-plan-value\n  host: db\n"
_VALUE = (_BEFORE.index(b"Zq7"), _BEFORE.index(b"\n  host"))


class Case(Killable):
    """A folder with files, a plan for it, and where its journals lie."""

    def __init__(self, folder: Path) -> None:
        root = folder / "tree"
        (root / "sub").mkdir(parents=True)
        (root / "config.yaml").write_bytes(_BEFORE)
        (root / "config.yaml").chmod(0o640)
        (root / "sub/old.yaml").write_bytes(b"old\n")
        first = edit("config.yaml", _BEFORE, Splice(_VALUE[0], _VALUE[1], (Text("moved"),)), hidden=(_VALUE,))
        middle = self.middle = spliced(_BEFORE, first.splices)
        second = edit("config.yaml", middle, Splice(0, 0, (Text("# edited\n"),)))
        made = plan(first, new("new/secret.yaml", "kind: Secret\n", 0o600), gone("sub/old.yaml", b"old\n"), second)
        super().__init__(folder, made)
        self.before = tree(self.root)
        self.after = {
            "config.yaml": (b"# edited\n" + middle, 0o640),
            "new/secret.yaml": (b"kind: Secret\n", 0o600),
        }


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A case of its own."""
    return Case(tmp_path)


def test_apply_and_undo(case: Case) -> None:
    """A plan is done as it says, and gone back on to the byte and the mode, as often as one likes."""
    for _ in range(2):
        assert case.doing().apply() == 4
        assert tree(case.root) == case.after
        with pytest.raises(PlanError, match="was done already"):
            case.doing().apply()
        assert case.doing().undo() == 4
        assert tree(case.root) == case.before
        with pytest.raises(PlanError, match="nothing of this plan was done"):
            case.doing().undo()


@pytest.mark.parametrize("name", ["config.yaml", "sub/old.yaml", "new/secret.yaml"])
def test_a_changed_file_stops_the_plan_before_it_begins(case: Case, name: str) -> None:
    """A plan that no longer fits any of its files is refused, and nothing is done."""
    (case.root / name).parent.mkdir(exist_ok=True)
    (case.root / name).write_bytes(b"somebody else was here\n")
    now = tree(case.root)

    with pytest.raises(PlanError, match=r"exists already|not as it was"):
        case.doing().apply()

    assert tree(case.root) == now


def test_undo_does_not_lose_later_work(case: Case) -> None:
    """What was changed after the plan is not overwritten by going back; once it is put right, undo goes on."""
    case.doing().apply()
    (case.root / "config.yaml").write_bytes(b"my own work\n")

    with pytest.raises(PlanError, match=r"config\.yaml was changed after the plan"):
        case.doing().undo()
    assert (case.root / "config.yaml").read_bytes() == b"my own work\n"

    (case.root / "config.yaml").write_bytes(case.after["config.yaml"][0])
    case.doing().resume()
    assert tree(case.root) == case.before


def test_another_key_is_refused(case: Case) -> None:
    """The digests of a plan mean nothing under another key, so that is an error and not a mismatch."""
    with pytest.raises(PlanError, match="another fingerprint key"):
        Doing(case.plan, case.root, b"x" * 32, case.state).apply()


@pytest.mark.parametrize("path", ["../x", "/etc/x", "sub/../../x", "", ".", "link/x", "a\0b"])
def test_a_plan_stays_in_its_folder(tmp_path: Path, path: str) -> None:
    """A plan from somebody else cannot write outside the folder that it is done in, through links neither."""
    root = tmp_path / "tree"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)

    with pytest.raises(PlanError, match="is not inside"):
        Doing(plan(new(path, "x")), root, KEY, tmp_path / "state").apply()

    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "state") == ["tree"]


@pytest.mark.parametrize("what", ["pipe", "folder", "device"])
def test_what_is_no_regular_file(tmp_path: Path, what: str) -> None:
    """A pipe, a folder or a device in the place of a file is refused at once: nobody waits for it."""
    if what == "folder":
        (tmp_path / "a").mkdir()
        (tmp_path / "a/b").touch()
    elif what == "pipe":
        os.mkfifo(tmp_path / "a")
    root, path = (Path("/dev"), "zero") if what == "device" else (tmp_path, "a")
    doing = Doing(plan(edit(path, b"x", Splice(0, 0, (Text("y"),)))), root, KEY, tmp_path / "state")

    with pytest.raises(PlanError, match=r"is no regular file|cannot be read"):
        doing.apply()


def test_two_processes_do_not_do_one_plan(case: Case) -> None:
    """While one process is at a plan, another is refused."""

    def meanwhile(what: str) -> None:
        if what == "start 0":
            with pytest.raises(PlanError, match="another process"):
                case.doing().resume()

    assert case.doing(meanwhile).apply() == 4


def test_a_damaged_plan_changes_nothing(tmp_path: Path) -> None:
    """A plan whose splices do not lead to the digest that it names is refused at that step."""
    (tmp_path / "a").write_bytes(b"abc")
    wrong = WriteFile("a", digest(b"abc"), digest(b"what was signed off"), (Splice(0, 1, (Text("x"),)),))
    outside = WriteFile("a", digest(b"abc"), digest(b"abcabc"), (Splice(3, 3, (Copied(0, 99),)),))

    for change in (wrong, outside):
        with pytest.raises(PlanError):
            Doing(plan(change), tmp_path, KEY, tmp_path / "state").apply()
        assert (tmp_path / "a").read_bytes() == b"abc"


def test_links_stay_links(tmp_path: Path) -> None:
    """A file that is reached by a link inside the folder is edited where it lies, and the link stays."""
    (tmp_path / "real.yaml").write_bytes(b"abc")
    (tmp_path / "link.yaml").symlink_to("real.yaml")
    change = edit("link.yaml", b"abc", Splice(0, 1, (Text("x"),)))

    Doing(plan(change), tmp_path, KEY, tmp_path / "state").apply()

    assert (tmp_path / "link.yaml").is_symlink()
    assert (tmp_path / "real.yaml").read_bytes() == b"xbc"


def test_values_lie_nowhere_in_the_journal(case: Case) -> None:
    """What is kept to go back is encrypted: no file of the journal holds the value of the file."""
    case.doing().apply()

    kept = [path for path in case.state.rglob("*") if path.is_file()]
    assert {path.name for path in kept} == {"journal", "plan.json", "root", "before"}
    assert sum(path.stat().st_size for path in kept if path.name == "before") > len(_BEFORE)
    assert not any(b"Zq7-plan-value" in path.read_bytes() for path in kept)
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept if path.name.startswith("before"))


@given(
    st.binary(max_size=60),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.text(max_size=5), st.booleans()), max_size=4),
)
def test_splices_touch_nothing_else(data: bytes, raw: list[tuple[int, int, str, bool]]) -> None:
    """Contents after a change are those before it with just the named spans replaced."""
    splices: list[Splice] = []
    expected, at = b"", 0
    for start, length, text, copies in sorted(raw):
        first = min(max(start, at), len(data))
        last = min(first + length, len(data))
        pieces = (Text(text), Copied(0, len(data))) if copies else (Text(text),)
        splices.append(Splice(first, last, pieces))
        expected += data[at:first] + text.encode() + (data if copies else b"")
        at = last

    assert spliced(data, tuple(splices)) == expected + data[at:]


def _points(case: Case, what: str) -> int:
    """Count the points at which a run can be killed."""
    points: list[str] = []
    getattr(case.doing(points.append), what)()
    return len(points)


@pytest.mark.parametrize("then", ["resume", "undo"])
def test_killed_while_doing(tmp_path: Path, then: str) -> None:
    """Killed with SIGKILL at any point, going on ends at the wanted tree and going back at the original one."""
    count = _points(Case(tmp_path / "count"), "apply")
    assert count >= 16
    for stop in range(1, count + 1):
        case = Case(tmp_path / str(stop))
        assert case.killed("apply", stop)

        case.finish(then)

        assert tree(case.root) == (case.after if then == "resume" else case.before), stop


def test_killed_while_going_back(tmp_path: Path) -> None:
    """Killed while going back, at any point, the next run goes back to the end."""
    counted = Case(tmp_path / "count")
    counted.doing().apply()
    for stop in range(1, _points(counted, "undo") + 1):
        case = Case(tmp_path / str(stop))
        case.doing().apply()
        assert case.killed("undo", stop)

        case.finish("undo")

        assert tree(case.root) == case.before, stop


@given(st.integers(0, 40), st.binary(max_size=8))
@example(40, b"")
def test_a_torn_journal(cut: int, noise: bytes) -> None:
    """A last line that reached the disk only in part, or as noise, counts as not written, and going back still works."""
    with tempfile.TemporaryDirectory() as folder:
        case = Case(Path(folder))
        case.doing().apply()
        (path,) = case.state.rglob("journal")
        *whole, last = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(whole) + last[: min(cut, len(last) - 1)] + noise.replace(b"\n", b""))

        case.doing().undo()

        assert tree(case.root) == case.before
        assert [one.state for one in standings(case.state)] == ["undone"]


def test_plans_are_compared_whole(case: Case) -> None:
    """Two plans that differ anywhere have journals of their own."""
    case.doing().apply()
    other = Plan(
        tool=case.plan.tool,
        created=case.plan.created,
        key_id=case.plan.key_id,
        summary="another",
        steps=case.plan.steps,
    )

    with pytest.raises(PlanError, match="not as it was"):
        Doing(other, case.root, KEY, case.state).apply()


@pytest.mark.parametrize("then", ["resume", "undo"])
def test_a_disk_that_fills_up(tmp_path: Path, then: str) -> None:
    """Wherever the disk is full, that is an error and nothing is lost: with room again, going on and back both work."""
    refused = 0
    for most in [*range(0, 1200, 60), *range(1200, 4000, 400)]:
        case = Case(tmp_path / str(most))
        try:
            with _no_file_over(most):
                case.doing().apply()
        except PlanError:
            refused += 1
        data = (case.root / "config.yaml").read_bytes()
        assert data in {_BEFORE, case.before["config.yaml"][0], case.middle, case.after["config.yaml"][0]}, most

        case.finish(then)

        assert tree(case.root) == (case.after if then == "resume" else case.before), most
    assert 10 < refused < 27


@contextlib.contextmanager
def _no_file_over(most: int) -> Iterator[None]:
    """Let no file of this process grow over a number of bytes (setrlimit(2), RLIMIT_FSIZE)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
