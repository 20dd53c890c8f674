"""Plans done by another process that is killed with SIGKILL where a test says, and gone on with afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path

from tests.plans.build import KEY

from strongroom.model.plan import Plan
from strongroom.plans.apply import Doing, Procedures, no_procedures
from strongroom.plans.journal import Journal
from strongroom.plans.saved import load, save

Told = Callable[[str], None]
_ROOT = Path(__file__).parents[2]


class Killable:
    """A plan for the folder ``tree`` of a folder, with its journals in ``state``.

    Args:
        folder: the folder; it is there.
        plan: the plan.
        world: ``module:function`` that, given the folder and told, returns the procedures of the plan.
    """

    def __init__(self, folder: Path, plan: Plan, world: str = "") -> None:
        self.folder, self.root, self.state, self.plan, self.world = (
            folder,
            folder / "tree",
            folder / "state",
            plan,
            world,
        )
        save(plan, folder / "plan.json", KEY)

    def doing(self, told: Told = lambda _: None) -> Doing:
        """Return the plan in the folder."""
        return Doing(self.plan, self.root, KEY, self.state, told, _procedures(self.world, self.folder, told))

    def killed(self, what: str, stop: int) -> bool:
        """Do something in another process, which is killed at a point; return False where it came to its end."""
        worker = _worker()
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(f"{what} {stop} {self.world or '-'} {self.folder}\n")
        worker.stdin.flush()
        status = int(worker.stdout.readline())
        assert status in (0, -signal.SIGKILL), f"{what} {stop}: see standard error"
        return status != 0

    def finish(self, then: str) -> None:
        """Go on or back; where nothing was begun, there is nothing to go back on, and all is still to do."""
        with Journal(self.state, self.plan, self.root, KEY) as journal:
            fresh, undoing = journal.fresh, journal.undoing
        if not fresh or undoing:
            self.doing().resume() if undoing else getattr(self.doing(), then)()
        elif then == "resume":
            self.doing().apply()


def _procedures(world: str, folder: Path, told: Told) -> Procedures:
    if not world:
        return no_procedures
    module, _, name = world.partition(":")
    made: Procedures = getattr(import_module(module), name)(folder, told)
    return made


@cache
def _worker() -> subprocess.Popen[str]:
    """Start the process that starts those that are killed: it has loaded what they need."""
    call = [sys.executable, "-c", "from tests.plans.killing import serve; serve()"]
    return subprocess.Popen(call, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def serve() -> None:
    """Take lines, each a thing to do in a process of its own; answer each with how that ended."""
    for line in sys.stdin:
        what, stop, world, folder = line.rstrip("\n").split(" ", 3)
        child = os.fork()
        if not child:
            _do(what, int(stop), "" if world == "-" else world, Path(folder))
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


def _do(what: str, stop: int, world: str, folder: Path) -> None:
    left = stop
    one_at_a_time = threading.Lock()

    def told(_: str) -> None:
        nonlocal left
        with one_at_a_time:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    status = 1
    try:
        plan = load(folder / "plan.json", KEY)
        procedures = _procedures(world, folder, told)
        getattr(Doing(plan, folder / "tree", KEY, folder / "state", told, procedures), what)()
        status = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
        raise
    finally:
        sys.stderr.flush()
        os._exit(status)
