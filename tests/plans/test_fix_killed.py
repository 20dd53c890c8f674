"""A plan of fixes, which moves values through several files, killed at any point."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.plans.build import KEY, tree
from tests.plans.killing import Killable

from strongroom.model.plan import Plan
from strongroom.survey.fixes.planning import Wanted, plan_fixes
from strongroom.survey.run import Request

SHOP = Path(__file__).parents[2] / "examples/shop/deploy/base"


class Case(Killable):
    """A copy of the shop's manifests and a plan that moves the values of its ConfigMaps."""

    def __init__(self, folder: Path, plan: Plan | None = None) -> None:
        root = folder / "tree"
        shutil.copytree(SHOP, root)
        self.before = tree(root)
        wanted = Wanted(frozenset({"secret-in-configmap"}), root=str(root))
        request = Request(sources=(str(root),), key=KEY, render=False)
        super().__init__(folder, plan or plan_fixes(request, wanted).fix.plan)


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
