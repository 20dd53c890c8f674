"""Files that a plan writes with values of its own, and how their modes are narrowed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from tests.plans.build import KEY, digest, gone, plan, tree
from tests.plans.killing import Killable

from strongroom.crypto.plan_values import seal
from strongroom.errors import PlanError
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import Copied, Plan, Splice, Text, WriteFile
from strongroom.plans.apply import Doing
from strongroom.plans.preview import preview
from strongroom.plans.saved import load
from strongroom.report.plan_text import as_json, as_text

_VALUE = b"Zq7-plan-value-of-its-own"
_OLD = b"keys:\n- old\n"
_FIRST = b"keys:\n- " + _VALUE + b"\n- old\n"
_SECOND = b"keys:\n- old\n- " + _VALUE + b"\n"


def _plan(value: bytes = _VALUE) -> Plan:
    """Return a plan that adds a key to a file which everybody may read, then moves it behind the old one."""
    piece = seal(Plaintext(value), KEY)
    place = (8, 8 + len(_VALUE) + 3)
    first = (Splice(6, 6, (Text("- "), piece, Text("\n"))),)
    second = (Splice(6, 6 + place[1] - 8), Splice(len(_FIRST), len(_FIRST), (Copied(6, 6 + place[1] - 8),)))
    return plan(
        WriteFile("config", digest(_OLD), digest(_FIRST), first, at_most=0o600),
        WriteFile("config", digest(_FIRST), digest(_SECOND), second, at_most=0o640),
        WriteFile("copy", "", digest(_VALUE), (Splice(0, 0, (piece,)),), mode=0o600),
    )


class Case(Killable):
    """The plan in a folder."""

    def __init__(self, folder: Path, made: Plan | None = None) -> None:
        (folder / "tree").mkdir(parents=True)
        (folder / "tree/config").write_bytes(_OLD)
        (folder / "tree/config").chmod(0o664)
        super().__init__(folder, made or _plan())


def test_apply_and_undo(tmp_path: Path) -> None:
    """The values are written where the plan has them sealed; the mode is narrowed, and comes back."""
    case = Case(tmp_path)

    assert case.doing().apply() == 3
    assert tree(case.root) == {"config": (_SECOND, 0o600), "copy": (_VALUE, 0o600)}
    assert case.doing().undo() == 3
    assert tree(case.root) == {"config": (_OLD, 0o664)}


@pytest.mark.parametrize("then", ["resume", "undo"])
def test_killed(tmp_path: Path, then: str) -> None:
    """Wherever the process is killed, contents and modes end as they should."""
    stop = 1
    while True:
        case = Case(tmp_path / str(stop))
        if not case.killed("apply", stop):
            break
        case.finish(then)
        wanted = (
            {"config": (_SECOND, 0o600), "copy": (_VALUE, 0o600)} if then == "resume" else {"config": (_OLD, 0o664)}
        )
        assert tree(case.root) == wanted, stop
        stop += 1
    assert stop > 10


def test_only_the_mode_is_narrowed(tmp_path: Path) -> None:
    """A step may change nothing but the mode, which survives every kill and comes back by going back."""
    stop = 1
    while True:
        same = WriteFile("config", digest(_OLD), digest(_OLD), (), at_most=0o600)
        case = Case(tmp_path / str(stop), plan(same))
        more = case.killed("apply", stop)
        case.finish("resume") if more else None
        assert tree(case.root) == {"config": (_OLD, 0o600)}, stop
        case.doing().undo()
        assert tree(case.root) == {"config": (_OLD, 0o664)}, stop
        if not more:
            break
        stop += 1
    assert stop > 5


def test_nobody_can_open_the_new_file_before_its_mode_is_right(tmp_path: Path) -> None:
    """While a file with a value is made ready in the place of one that all may read, only its owner can open it."""
    case, seen = Case(tmp_path), list[int]()

    def look(_: str) -> None:
        seen.extend(stat.S_IMODE(path.stat().st_mode) for path in case.root.glob(".config.*"))

    case.doing(look).apply()

    assert seen
    assert set(seen) == {0o600}


def test_owner_and_group_stay(tmp_path: Path) -> None:
    """A file that somebody else owns is theirs after it was replaced, and after it was deleted and brought back."""
    case = Case(tmp_path, plan(*(step.change for step in _plan().steps[:1]), gone("other", b"x")))
    (case.root / "other").write_bytes(b"x")
    if os.geteuid() == 0:  # nobody else can give files away
        os.chown(case.root / "config", 12, 34)
        os.chown(case.root / "other", 56, 78)
    before = _owners(case.root)

    case.doing().apply()
    assert _owners(case.root) == {"config": before["config"]}

    case.doing().undo()
    assert _owners(case.root) == before


def _owners(root: Path) -> dict[str, tuple[int, int]]:
    return {path.name: (path.stat().st_uid, path.stat().st_gid) for path in root.iterdir()}


def test_no_value_is_shown_or_kept(tmp_path: Path) -> None:
    """Neither the plan, nor what is shown of it, nor the journal holds the value; a later step hides it too."""
    case = Case(tmp_path)
    views = tuple(preview(case.plan, case.root, str))
    case.doing().apply()

    shown = "".join([*as_text(case.plan, views, "d"), *as_json(case.plan, views, "d")])
    assert "Zq7" not in shown
    assert views[0].diff == (
        "mode of config: at most 0600",
        "--- config",
        "+++ config",
        "@@ -1,2 +1,3 @@",
        " keys:",
        "+- ••••••",
        " - old",
    )
    assert not any(_VALUE in path.read_bytes() for path in case.state.rglob("*") if path.is_file())
    assert load(case.folder / "plan.json", KEY) == case.plan
    assert _VALUE not in (case.folder / "plan.json").read_bytes()


def test_a_file_that_is_not_as_it_was_is_not_shown(tmp_path: Path) -> None:
    """Once a step was done, its places no longer say where values stand: nothing of the file is shown, nor of later steps."""
    case = Case(tmp_path)
    case.doing().apply()

    views = tuple(preview(case.plan, case.root, str, key=KEY))

    note = "  (the file is not as it was when the plan was made: only what the plan brings is shown)"
    assert views[0].diff == ("mode of config: at most 0600", "--- config", "+++ config", note, "+- ••••••")
    assert views[1].diff[3:] == (note, "+••••••")
    assert "Zq7" not in "".join(as_text(case.plan, views, "d"))
    case.doing().undo()
    again = tuple(preview(case.plan, case.root, str, key=KEY))
    assert again == tuple(preview(case.plan, case.root, str))


def test_a_value_of_another_plan_is_refused(tmp_path: Path) -> None:
    """The digest after a step binds the sealed value: another one in its place stops the plan."""
    case = Case(tmp_path, _plan(b"another value of that size"[: len(_VALUE)]))

    with pytest.raises(PlanError, match="does not lead where it says"):
        Doing(case.plan, case.root, KEY, case.state).apply()
    assert tree(case.root) == {"config": (_OLD, 0o664)}
