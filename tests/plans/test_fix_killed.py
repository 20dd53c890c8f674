"""A plan of fixes, which moves values through several files, killed at any point."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.plans.build import KEY, tree

from strongroom.model.plan import Plan
from strongroom.plans.apply import Doing
from strongroom.plans.journal import Journal
from strongroom.plans.saved import save
from strongroom.survey.fix import Wanted, plan_fixes
from strongroom.survey.run import Request

SHOP = Path(__file__).parents[2] / "examples/shop/deploy/base"
_CHILD = """
import os, signal, sys, threading
from pathlib import Path
from strongroom.plans.apply import Doing
from strongroom.plans.saved import load
from tests.plans.build import KEY
left = int(sys.argv[3])
folder = Path(sys.argv[1])
one_at_a_time = threading.Lock()
def told(_):
    global left
    with one_at_a_time:
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
getattr(Doing(load(folder / "plan.json"), folder / "tree", KEY, folder / "state", told), sys.argv[2])()
"""


class Case:
    """A copy of the shop's manifests and a plan that moves the values of its ConfigMaps."""

    def __init__(self, folder: Path, plan: Plan | None = None) -> None:
        self.folder, self.root, self.state = folder, folder / "tree", folder / "state"
        shutil.copytree(SHOP, self.root)
        self.before = tree(self.root)
        wanted = Wanted(frozenset({"secret-in-configmap"}), root=str(self.root))
        request = Request(sources=(str(self.root),), key=KEY, render=False)
        self.plan = plan or plan_fixes(request, wanted).fix.plan
        save(self.plan, folder / "plan.json")

    def doing(self) -> Doing:
        """Return the plan in the folder."""
        return Doing(self.plan, self.root, KEY, self.state)

    def killed(self, what: str, stop: int) -> bool:
        """Do something in another process, which is killed at a point; return False where it came to its end."""
        call = [sys.executable, "-c", _CHILD, str(self.folder), what, str(stop)]
        done = subprocess.run(call, capture_output=True, check=False)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()
        return done.returncode != 0

    def finish(self, then: str) -> None:
        """Go on or back; where nothing was begun, there is nothing to go back on, and all is still to do."""
        with Journal(self.state, self.plan, self.root, KEY) as journal:
            fresh, undoing = journal.fresh, journal.undoing
        if not fresh or undoing:
            self.doing().resume() if undoing else getattr(self.doing(), then)()
        elif then == "resume":
            self.doing().apply()


@pytest.mark.parametrize("then", ["resume", "undo"])
def test_killed_while_doing(tmp_path: Path, then: str) -> None:
    """Going on ends at the mended tree and going back at the original one, wherever the process was killed."""
    first = Case(tmp_path / "first")
    assert len(first.plan.steps) == 3
    first.doing().apply()
    after = tree(first.root)
    assert after != first.before

    stop = 1
    while True:
        case = Case(tmp_path / str(stop), first.plan)
        if not case.killed("apply", stop):
            break
        case.finish(then)
        assert tree(case.root) == (after if then == "resume" else case.before), stop
        stop += 1
    assert stop > 11
    assert tree(case.root) == after


def test_killed_while_going_back(tmp_path: Path) -> None:
    """Killed while going back, the next run goes back to the original tree."""
    plan, stop, more = None, 1, True
    while more:
        case = Case(tmp_path / str(stop), plan)
        plan = case.plan
        case.doing().apply()
        more = case.killed("undo", stop)
        if more:
            case.finish("undo")
        assert tree(case.root) == case.before, stop
        stop += 1
    assert stop > 7
